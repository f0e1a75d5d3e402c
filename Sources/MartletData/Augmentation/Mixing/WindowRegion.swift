/// A rectangle of a window.
struct WindowRegion: Hashable, Sendable {
  var x: Int
  var y: Int
  var width: Int
  var height: Int
}
