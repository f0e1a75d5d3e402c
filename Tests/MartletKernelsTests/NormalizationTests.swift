import Testing

@testable import MartletKernels

/// Shapes of many pieces, which the small fixtures of the operation tests do not reach.
@Suite("Normalisation kernels", .serialized)
struct NormalizationTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var images = 1
    var rows: Int
    var channels: Int
    var testDescription: String { "\(images)×\(rows)×\(channels)" }
  }

  /// Numbers of a different mean and spread in each channel.
  static func values(_ shape: Shape, seed: UInt64) -> [Float] {
    var generator = PhiloxGenerator(seed: seed, stream: UInt64(shape.channels))
    return (0..<shape.images * shape.rows * shape.channels).map { index in
      let channel = index % shape.channels
      return Float(generator.uniform() * Double(1 + channel % 3) + Double(channel % 7) - 2)
    }
  }

  static func gradients(_ shape: Shape) -> [Float] {
    var generator = PhiloxGenerator(seed: 9, stream: UInt64(shape.rows))
    return (0..<shape.images * shape.rows * shape.channels).map { _ in Float(generator.uniform() - 0.4) }
  }

  /// y, dx, dweight and dbias of one normalisation by plain loops in double, over sets of (image, channels).
  static func reference(
    _ x: [Float], _ dy: [Float], _ weight: [Float], _ bias: [Float], _ shape: Shape, relu: Bool,
    sets: [(images: Range<Int>, channels: Range<Int>)], epsilon: Double
  ) -> (y: [Double], dx: [Double], dweight: [Double], dbias: [Double]) {
    var y = [Double](repeating: 0, count: x.count)
    var dx = y
    var dweight = [Double](repeating: 0, count: shape.channels)
    var dbias = dweight
    for set in sets {
      var places: [(index: Int, channel: Int)] = []
      for row in set.images.lowerBound * shape.rows..<set.images.upperBound * shape.rows {
        for c in set.channels { places.append((row * shape.channels + c, c)) }
      }
      let n = Double(places.count)
      let mean = places.reduce(0) { $0 + Double(x[$1.index]) } / n
      let variance = places.reduce(0) { $0 + (Double(x[$1.index]) - mean) * (Double(x[$1.index]) - mean) } / n
      let inverse = 1 / (variance + epsilon).squareRoot()
      var sum = 0.0
      var product = 0.0
      for (index, c) in places {
        let normal = (Double(x[index]) - mean) * inverse
        let value = normal * Double(weight[c]) + Double(bias[c])
        y[index] = relu ? max(value, 0) : value
        let g = relu && value <= 0 ? 0 : Double(dy[index])
        dweight[c] += g * normal
        dbias[c] += g
        sum += g * Double(weight[c])
        product += g * Double(weight[c]) * normal
      }
      for (index, c) in places {
        let normal = (Double(x[index]) - mean) * inverse
        let value = normal * Double(weight[c]) + Double(bias[c])
        let g = relu && value <= 0 ? 0 : Double(dy[index])
        dx[index] = inverse * (g * Double(weight[c]) - sum / n - normal * product / n)
      }
    }
    return (y, dx, dweight, dbias)
  }

  @Test(
    "batch normalisation over many pieces agrees with plain sums, in the same bytes on any number of threads",
    arguments: [
      Shape(rows: 20011, channels: 1), Shape(rows: 9001, channels: 3), Shape(rows: 5003, channels: 16),
      Shape(rows: 1500, channels: 100), Shape(rows: 262_144, channels: 16),
    ])
  func batch(_ shape: Shape) {
    let x = Self.values(shape, seed: 1)
    let dy = Self.gradients(shape)
    let weight = (0..<shape.channels).map { 1 - Float($0 % 5) * 0.3 }
    let bias = (0..<shape.channels).map { Float($0 % 3) * 0.5 - 0.6 }
    let expected = Self.reference(
      x, dy, weight, bias, shape, relu: true, sets: (0..<shape.channels).map { (0..<1, $0..<($0 + 1)) },
      epsilon: 1e-5)
    let norm = BatchNormalization(rows: shape.rows, channels: shape.channels, format: .float32)
    for set in InstructionSet.available {
      func run(_ threads: Int) -> [[Float]] {
        var y = [Float](repeating: .nan, count: x.count)
        var dx = y
        var mean = [Float](repeating: .nan, count: shape.channels)
        var (variance, inverse, dweight, dbias) = (mean, mean, mean, mean)
        let workspace = UnsafeMutableRawPointer.allocate(
          byteCount: max(
            norm.statisticsWorkspaceByteCount, norm.applyWorkspaceByteCount, norm.gradientWorkspaceByteCount),
          alignment: 64)
        defer { workspace.deallocate() }
        InstructionSet.with(set) {
          ThreadPool.withThreadCount(threads) {
            norm.statistics(
              x, epsilon: 1e-5, mean: &mean, variance: &variance, inverseDeviation: &inverse,
              workspace: workspace)
            norm.apply(
              x, mean: mean, inverseDeviation: inverse, weight: weight, bias: bias, relu: true,
              output: &y,
              workspace: workspace)
            norm.gradient(
              x, outputGradient: dy, mean: mean, inverseDeviation: inverse, weight: weight,
              bias: bias,
              relu: true, usesBatchStatistics: true, inputGradient: &dx, weightGradient: &dweight,
              biasGradient: &dbias, workspace: workspace)
          }
        }
        return [y, dx, mean, variance, inverse, dweight, dbias]
      }
      let got = run(1)
      #expect(relativeError(got[0], expected.y) < 2e-6, "\(set): y")
      // Where the activation is within rounding of zero, either side is right.
      let wrong = zip(got[1], expected.dx).count { !(abs(Double($0) - $1) <= 1e-5) }
      #expect(wrong <= x.count / 100_000 + 1, "\(set): dx")
      #expect(relativeError(got[5], expected.dweight) < 1e-5, "\(set): dweight")
      #expect(relativeError(got[6], expected.dbias) < 1e-5, "\(set): dbias")
      #expect(run(2).map { $0.map(\.bitPattern) } == got.map { $0.map(\.bitPattern) }, "\(set): threads")
    }
  }

  @Test(
    "group normalisation over many pieces agrees with plain sums, in the same bytes on any number of threads",
    arguments: [
      (Shape(images: 3, rows: 3001, channels: 6), 2), (Shape(images: 5, rows: 700, channels: 48), 4),
      (Shape(images: 300, rows: 30, channels: 16), 16), (Shape(images: 3, rows: 70_000, channels: 32), 1),
    ])
  func group(_ shape: Shape, _ groups: Int) {
    let x = Self.values(shape, seed: 3)
    let dy = Self.gradients(shape)
    let weight = (0..<shape.channels).map { 1 - Float($0 % 5) * 0.3 }
    let bias = (0..<shape.channels).map { Float($0 % 3) * 0.5 - 0.6 }
    let size = shape.channels / groups
    let sets = (0..<shape.images).flatMap { image in
      (0..<groups).map { (image..<(image + 1), $0 * size..<($0 + 1) * size) }
    }
    let expected = Self.reference(x, dy, weight, bias, shape, relu: false, sets: sets, epsilon: 1e-5)
    let norm = GroupNormalization(
      images: shape.images, rows: shape.rows, channels: shape.channels, groups: groups, format: .float32)
    for set in InstructionSet.available {
      func run(_ threads: Int) -> [[Float]] {
        var y = [Float](repeating: .nan, count: x.count)
        var dx = y
        var mean = [Float](repeating: .nan, count: shape.images * groups)
        var inverse = mean
        var dweight = [Float](repeating: .nan, count: shape.channels)
        var dbias = dweight
        let workspace = UnsafeMutableRawPointer.allocate(
          byteCount: max(norm.forwardWorkspaceByteCount, norm.gradientWorkspaceByteCount), alignment: 64)
        defer { workspace.deallocate() }
        InstructionSet.with(set) {
          ThreadPool.withThreadCount(threads) {
            norm.forward(
              x, weight: weight, bias: bias, epsilon: 1e-5, output: &y, mean: &mean,
              inverseDeviation: &inverse,
              workspace: workspace)
            norm.gradient(
              x, outputGradient: dy, mean: mean, inverseDeviation: inverse, weight: weight,
              inputGradient: &dx,
              weightGradient: &dweight, biasGradient: &dbias, workspace: workspace)
          }
        }
        return [y, dx, dweight, dbias]
      }
      let got = run(1)
      #expect(relativeError(got[0], expected.y) < 4e-6, "\(set): y")
      #expect(relativeError(got[1], expected.dx) < 4e-6, "\(set): dx")
      #expect(relativeError(got[2], expected.dweight) < 1e-5, "\(set): dweight")
      #expect(relativeError(got[3], expected.dbias) < 1e-5, "\(set): dbias")
      #expect(run(2).map { $0.map(\.bitPattern) } == got.map { $0.map(\.bitPattern) }, "\(set): threads")
    }
  }

  @Test("layer normalisation of many rows adds its weight gradients in one order")
  func layer() {
    let shape = Shape(rows: 2000, channels: 37)
    let x = Self.values(shape, seed: 5)
    let dy = Self.gradients(shape)
    let weight = (0..<37).map { 1 - Float($0 % 5) * 0.3 }
    let norm = LayerNormalization(rows: shape.rows, width: shape.channels, format: .float32)
    func run(_ threads: Int) -> (dweight: [Float], dbias: [Float]) {
      var y = [Float](repeating: .nan, count: x.count)
      var dx = y
      var mean = [Float](repeating: .nan, count: shape.rows)
      var inverse = mean
      var dweight = [Float](repeating: .nan, count: 37)
      var dbias = dweight
      let workspace = UnsafeMutableRawPointer.allocate(
        byteCount: norm.gradientWorkspaceByteCount, alignment: 64)
      defer { workspace.deallocate() }
      ThreadPool.withThreadCount(threads) {
        norm.forward(
          x, weight: weight, bias: weight, epsilon: 1e-5, output: &y, mean: &mean, inverseDeviation: &inverse)
        norm.gradient(
          x, outputGradient: dy, mean: mean, inverseDeviation: inverse, weight: weight, inputGradient: &dx,
          weightGradient: &dweight, biasGradient: &dbias, workspace: workspace)
      }
      return (dweight, dbias)
    }
    let one = run(1)
    let two = run(2)
    #expect(one.dweight.map(\.bitPattern) == two.dweight.map(\.bitPattern))
    #expect(one.dbias.map(\.bitPattern) == two.dbias.map(\.bitPattern))
    let expected = (0..<37).map { c in (0..<2000).reduce(0) { $0 + Double(dy[$1 * 37 + c]) } }
    #expect(relativeError(one.dbias, expected) < 1e-6)
  }
}
