import CLibFuzzer
import Foundation

// martlet-fuzz list
// martlet-fuzz seed SUBJECT FIXTURES FOLDER
// martlet-fuzz run SUBJECT [libFuzzer's options and folders]

/// What libFuzzer's callback, which takes no context, reads inputs with.
nonisolated(unsafe) var running: FuzzSubject?

func subject(_ name: String) -> FuzzSubject {
  guard let found = FuzzSubject.all.first(where: { $0.name == name }) else {
    fail("expected one of \(FuzzSubject.all.map(\.name).joined(separator: ", ")), got \(name)")
  }
  return found
}

func fail(_ message: String) -> Never {
  FileHandle.standardError.write(Data("martlet-fuzz: \(message)\n".utf8))
  exit(2)
}

let arguments = CommandLine.arguments
switch (arguments.dropFirst().first, arguments.count) {
case ("list", 2):
  for subject in FuzzSubject.all { print(subject.name) }
case ("seed", 5):
  let seeds = try subject(arguments[2]).seeds(Fixtures(folder: URL(filePath: arguments[3])))
  let folder = URL(filePath: arguments[4])
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  for (index, seed) in seeds.enumerated() {
    try Data(seed).write(to: folder.appending(path: "seed-\(index)"))
  }
case ("run", 3...):
  running = subject(arguments[2])
  // libFuzzer starts the program again, by its own first arguments, where it works in parts: to minimise, for one.
  var passed = ([arguments[0]] + arguments.dropFirst(3)).map { strdup($0) } + [nil]
  var count = CInt(passed.count - 1)
  passed.withUnsafeMutableBufferPointer { buffer in
    var start = buffer.baseAddress
    exit(
      LLVMFuzzerRunDriver(&count, &start) { bytes, count in
        running?.test(Array(UnsafeBufferPointer(start: bytes, count: count)))
        return 0
      })
  }
default: fail("expected list, seed SUBJECT FIXTURES FOLDER, or run SUBJECT with libFuzzer's options")
}
