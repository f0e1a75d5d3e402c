import Testing

/// A fixture that no row reads would look like a check that is not made.
@Test(
  "every fixture row has a test",
  arguments: Set(OperationRow.all.map { $0.name.prefix { $0 != "/" } }).sorted())
func everyFixtureRowIsTested(_ family: Substring) throws {
  let inFile = Set(
    try Fixtures.tensors(String(family)).keys.compactMap { key -> String? in
      guard let end = key.range(of: "/output.0") else { return nil }
      return "\(family)/\(key[..<end.lowerBound])"
    })
  let tested = Set(OperationRow.all.map(\.name).filter { $0.hasPrefix("\(family)/") })
  #expect(inFile == tested)
}
