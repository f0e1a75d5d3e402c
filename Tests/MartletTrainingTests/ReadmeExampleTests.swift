import Foundation
import Martlet
import MartletData
import MartletModels
import MartletTraining
import Testing

private let test = URL(filePath: #filePath)
private let readme = test.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "README.md")

/// The examples of the README, so that they compile and run.
@Test("the README's examples work")
func readmeExamples() throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-example-\(UUID())").path
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let images = "\(folder)/cells/images"
  let masks = "\(folder)/cells/masks"
  let output = "\(folder)/run"
  try synthesizeCells(count: 6, size: 32, seed: 1, output: "\(folder)/cells")
  let file = "\(images)/cell_0001.png"
  let maskFile = "\(folder)/mask.png"

  // README: begin
  var configuration = SegmentationConfiguration()
  configuration.images = images
  configuration.masks = masks
  configuration.network.baseChannels = 4
  configuration.network.depth = 2
  configuration.size = 32
  configuration.epochs = 1
  configuration.output = output
  let run = try SegmentationRun.start(configuration)
  _ = try run.train()

  let (network, description) = try SegmentationModelDescription.load(runOrWeights: run.folder)
  let predictor = SegmentationPredictor(network: network, description: description)
  let labels = try predictor.labels(of: Image(contentsOf: file))
  try labels.image.write(to: maskFile)
  // README: end
  #expect(labels.width == 32 && labels.height == 32)
  #expect(FileManager.default.fileExists(atPath: maskFile))

  // README: begin
  let (model, _) = try SegmentationModelDescription.load(runOrWeights: run.folder)
  let scores = Predictor { [try model.logits($0[0])] }
  let logits = try scores(Image(contentsOf: file).networkInput(description.normalization))
  // README: end
  #expect(logits.shape == [1, description.classCount, 32, 32])
}

@Test(
  "the lines that are tested are the README's",
  .enabled(if: FileManager.default.fileExists(atPath: readme.path), "needs the repository's README.md"))
func readmeIsTheSame() throws {
  func parts(of file: URL, from begin: String, to end: String, indentation: Int = 0) throws -> [[Substring]] {
    var parts: [[Substring]] = []
    var part: [Substring]?
    for line in try String(contentsOf: file, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
    {
      let text = line.trimmingCharacters(in: .whitespaces)
      if text == begin {
        part = []
      } else if text == end, let ended = part {
        parts.append(ended)
        part = nil
      } else {
        part?.append(line.dropFirst(indentation))
      }
    }
    return parts
  }
  let tested = try parts(of: test, from: "// README: begin", to: "// README: end", indentation: 2)
  let shown = try parts(of: readme, from: "```swift", to: "```")
    .map { Array($0.drop { $0.isEmpty || $0.hasPrefix("import ") }) }
  #expect(tested.count == 2)
  for lines in tested { #expect(shown.contains(lines), "\(lines.joined(separator: "\n"))") }
}
