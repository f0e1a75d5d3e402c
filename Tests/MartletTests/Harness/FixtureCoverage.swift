import Testing

/// Files of fixtures that are no tables of operations: tests of other things read them.
private let otherFixtures: Set = [
  "augmentation", "models", "objects", "onnx_cases", "onnx_networks", "optimizer", "recommendation_downconv",
  "recommendation_paup", "recommendation_sasrec", "recommendation_training", "running_statistics",
  "safetensors", "segmentation_models", "training_adam", "training_sgd", "volume_windows", "windows",
]

private let families = Set(OperationRow.all.map { String($0.name.prefix { $0 != "/" }) })

/// A fixture that no row reads would look like a check that is not made.
@Test("every fixture file has rows, or tests of its own")
func everyFixtureFileIsRead() throws {
  let inFolder = try Fixtures.names()
  #expect(inFolder.sorted() == (Array(families) + otherFixtures).sorted())
}

@Test("every fixture row has a test", arguments: families.sorted())
func everyFixtureRowIsTested(_ family: String) throws {
  let inFile = Set(
    try Fixtures.tensors(family).keys.compactMap { key -> String? in
      guard let end = key.range(of: "/output.0") else { return nil }
      return "\(family)/\(key[..<end.lowerBound])"
    })
  let tested = Set(OperationRow.all.map(\.name).filter { $0.hasPrefix("\(family)/") })
  #expect(inFile == tested)
}
