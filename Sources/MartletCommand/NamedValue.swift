import ArgumentParser

/// `NAME=VALUE` on the command line.
struct NamedValue<Value: ExpressibleByArgument>: ExpressibleByArgument {
  let name: String
  let value: Value

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, let value = Value(argument: String(parts[1])) else {
      return nil
    }
    name = String(parts[0])
    self.value = value
  }
}
