import MartletModels

/// Which sizes of images a network takes: an offset and multiples of a number.
struct SizeRule: Hashable, Sendable {
  /// The smallest size.
  var smallest: Int
  /// What sizes differ by.
  var step: Int
  /// How much smaller than its input the output is.
  var margin: Int

  init(_ network: any SegmentationModel) {
    func taken(_ size: Int) -> Int {
      let fit = network.fit([Int](repeating: size, count: network.axes))
      return size + fit.before[0] + fit.after[0]
    }
    smallest = taken(1)
    var size = 2
    while taken(size) == smallest { size += 1 }
    step = taken(size) - smallest
    let fit = network.fit([Int](repeating: 1, count: network.axes))
    margin = 2 * (fit.before[0] - fit.start[0])
  }

  /// The smallest size of at least so much.
  func size(atLeast wanted: Int) -> Int {
    wanted <= smallest ? smallest : smallest + (wanted - smallest + step - 1) / step * step
  }
}
