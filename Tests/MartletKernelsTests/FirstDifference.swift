/// Where two lists begin to differ, and in how many places they do, or nil if they are equal: what a failing test says
/// of lists that would fill pages.
func firstDifference<Element: Equatable>(_ got: [Element], _ expected: [Element]) -> String? {
  if got == expected { return nil }
  if got.count != expected.count { return "\(got.count) elements, expected \(expected.count)" }
  let places = got.indices.filter { got[$0] != expected[$0] }
  let first = places[0]
  return "\(got[first]) at \(first), expected \(expected[first]); \(places.count) of \(got.count) differ"
}
