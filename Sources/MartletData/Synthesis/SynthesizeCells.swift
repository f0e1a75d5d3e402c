import Martlet
import MartletFiles

/// Draws a data set of cells into a folder: `images/cell_0001.png` and on (8-bit RGB), `masks/` with the same names
/// (8 bits, 0 and 255) and `instances/` (16 bits, a number a nucleus).
///
/// The same arguments give the same bytes, and a larger `count` begins with the pictures of a smaller one.
///
/// - Parameters:
///   - size: The width and height of each picture in pixels, 32 to 4,096.
///   - output: The folder, made if it is missing.
///   - overwriting: Whether the folder may hold something. Files of the names that are written are then replaced;
///     nothing else is touched, also not what an earlier, larger set left.
///   - progress: Called after each picture with how many are done. What it throws ends the work.
/// - Throws: ``MartletError`` for arguments out of range, a folder that is not empty, and files that cannot be
///   written.
public func synthesizeCells(
  count: Int, size: Int, seed: UInt64, output: String, appearance: CellSynthesizer.Appearance = .mixed,
  overwriting: Bool = false, progress: (_ done: Int) throws -> Void = { _ in }
) throws {
  let operation = "synthesize cells"
  try Folder.checkName(output, operation)
  try require((1...1_000_000).contains(count), operation, "expected a count of 1 to 1000000, got \(count)")
  let synthesizer = try CellSynthesizer(size: size, seed: seed, appearance: appearance)
  let folders = ["images", "masks", "instances"].map { "\(output)/\($0)" }
  try prepare(output, folders, overwriting: overwriting, operation)

  for index in 0..<count {
    let sample = synthesizer.sample(index)
    let digits = String(index + 1)
    let name = "cell_\(String(repeating: "0", count: max(4 - digits.count, 0)))\(digits).png"
    for (folder, image) in zip(folders, [sample.image, sample.mask, sample.instances]) {
      try image.write(to: "\(folder)/\(name)", as: .png)
    }
    try progress(index + 1)
  }
}

/// Makes the folders, after checking that nothing would be lost.
private func prepare(
  _ output: String, _ folders: [String], overwriting: Bool, _ operation: String
) throws {
  let held = try Folder.names(in: output)?.count ?? 0
  try require(
    held == 0 || overwriting, operation,
    "\(output): expected an empty folder, got one that holds \(counted(held, "entry", "entries")); "
      + "--overwrite writes into it")
  for folder in folders { try Folder.create(folder) }
}
