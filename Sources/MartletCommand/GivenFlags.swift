import ArgumentParser

extension ParsableArguments {
  /// The names of the flags that were given, without their dashes: those that are not as they are without them, no value
  /// or an empty list.
  var givenFlags: [String] {
    Mirror(reflecting: self).children.flatMap { label, value -> [String] in
      if let group = value as? any FlagGroup { return group.givenFlags }
      guard let label, let flag = value as? any SingleFlag, flag.isGiven else { return [] }
      // The property wrapper of `batchSize` is `_batchSize`.
      let name = label.dropFirst()
      return [name.reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) }]
    }
  }
}

private protocol FlagGroup {
  var givenFlags: [String] { get }
}

extension OptionGroup: FlagGroup {
  fileprivate var givenFlags: [String] { wrappedValue.givenFlags }
}

private protocol SingleFlag {
  var isGiven: Bool { get }
}

extension Option: SingleFlag {
  fileprivate var isGiven: Bool { holdsSomething(wrappedValue) }
}

extension Flag: SingleFlag {
  fileprivate var isGiven: Bool { holdsSomething(wrappedValue) }
}

private func holdsSomething(_ value: Any) -> Bool {
  let mirror = Mirror(reflecting: value)
  switch mirror.displayStyle {
  case .optional, .collection: return !mirror.children.isEmpty
  default: return value as? Bool ?? true
  }
}
