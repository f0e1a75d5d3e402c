/// What a value in a file should have been, as messages call it, for the type that a decoder says it expected.
///
/// - Parameter object: What names with values are called in the kind of file, such as `an object` of JSON.
package func decodedKind(_ type: Any.Type, object: String) -> String {
  switch type {
  case is any UnsignedInteger.Type: "a whole number of 0 or more"
  case is any BinaryInteger.Type: "a whole number"
  case is any BinaryFloatingPoint.Type: "a number"
  case is Bool.Type: "true or false"
  case is String.Type: "text"
  // Before lists, since a dictionary is a sequence too.
  case is any ExpressibleByDictionaryLiteral.Type: object
  case is any Sequence.Type: "a list"
  default: "one value"
  }
}
