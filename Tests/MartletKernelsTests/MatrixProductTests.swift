import Testing

@testable import MartletKernels

struct MatrixProductTests {
  static func run<Scalar: BinaryFloatingPoint>(
    _ product: MatrixProduct, _ a: [Scalar], _ b: [Scalar], _ bias: [Scalar]?, rectified: Bool = false
  ) -> [Scalar] {
    let count = product.factors.count * product.rows * product.columns
    let workspace = UnsafeMutableRawPointer.allocate(
      byteCount: product.workspaceByteCount + 64, alignment: 64)
    defer { workspace.deallocate() }
    workspace.initializeMemory(as: UInt8.self, repeating: 0xFF, count: product.workspaceByteCount + 64)
    // Aligned as tensors are; an array's elements are not.
    let output = UnsafeMutableRawPointer.allocate(
      byteCount: count * MemoryLayout<Scalar>.stride + 64, alignment: 64)
    defer { output.deallocate() }
    let elements = output.initializeMemory(as: Scalar.self, repeating: .nan, count: count)
    a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in
        (bias ?? []).withUnsafeBytes {
          product.run(
            a: a.baseAddress ?? UnsafeRawPointer(workspace),
            b: b.baseAddress ?? UnsafeRawPointer(workspace),
            bias: bias == nil ? nil : $0.baseAddress, rectified: rectified, output: output,
            workspace: workspace)
        }
      }
    }
    return Array(UnsafeBufferPointer(start: elements, count: count))
  }

  static func naive(_ p: MatrixProduct, _ a: [Double], _ b: [Double], _ bias: [Double]?) -> [Double] {
    p.factors.flatMap { factor -> [Double] in
      let (a0, b0) = (factor.a * p.rows * p.depth, factor.b * p.depth * p.columns)
      return (0..<p.rows).flatMap { m in
        (0..<p.columns).map { n in
          (0..<p.depth).reduce(bias?[n] ?? 0) { sum, k in
            sum + a[a0 + (p.transposesA ? k * p.rows + m : m * p.depth + k)]
              * b[b0 + (p.transposesB ? n * p.depth + k : k * p.columns + n)]
          }
        }
      }
    }
  }

  @Test(arguments: ConvolutionTests.kernelSets) func agreesWithTheDefinition(kernels: String) {
    var generator = PhiloxGenerator(seed: 5, stream: 6)
    ConvolutionTests.with(kernels) {
      for round in 0..<150 {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
        let large = round % 25 == 0
        let (batchA, batchB) = (pick(1...2), pick(1...3))
        let product = MatrixProduct(
          rows: pick(1...(large ? 400 : 30)), columns: pick(1...70), depth: pick(0...(large ? 1100 : 40)),
          transposesA: round & 1 == 1, transposesB: round & 2 == 2,
          factors: (0..<pick(1...4)).map { (a: $0 % batchA, b: $0 % batchB) }, format: .float32)
        let a = ConvolutionTests.random(batchA * product.rows * product.depth, &generator)
        let b = ConvolutionTests.random(batchB * product.columns * product.depth, &generator)
        let bias = round & 4 == 4 ? ConvolutionTests.random(product.columns, &generator) : nil
        let expected = Self.naive(product, a, b, bias)
        let comment = Comment(rawValue: "\(product)")
        let narrow = Self.run(product, a.map { Float($0) }, b.map { Float($0) }, bias?.map { Float($0) })
        #expect(relativeError(narrow, expected) < 4e-6, comment)
        var wide = product
        wide.format = .float64
        #expect(relativeError(Self.run(wide, a, b, bias), expected) < 1e-14, comment)
        #expect(
          relativeError(Self.run(wide, a, b, bias, rectified: true), expected.map { max(0, $0) }) < 1e-14,
          comment)
      }
    }
  }

  /// Transposed products so long that they are cut into chunks, with widths that fill panels and that do not.
  @Test(
    arguments: ConvolutionTests.kernelSets,
    [(1, 1, 1024), (12, 32, 1500), (64, 64, 2053), (37, 70, 1031), (5, 130, 5000), (70, 33, 1100)])
  func longSums(kernels: String, size: (rows: Int, columns: Int, depth: Int)) {
    var generator = PhiloxGenerator(seed: 7, stream: 8)
    ConvolutionTests.with(kernels) {
      let product = MatrixProduct(
        rows: size.rows, columns: size.columns, depth: size.depth, transposesA: true, format: .float32)
      let a = ConvolutionTests.random(size.rows * size.depth, &generator)
      let b = ConvolutionTests.random(size.columns * size.depth, &generator)
      let bias = ConvolutionTests.random(size.columns, &generator)
      let expected = Self.naive(product, a, b, bias)
      let narrow = [1, 2].map { threads in
        ThreadPool.withThreadCount(threads) {
          Self.run(product, a.map { Float($0) }, b.map { Float($0) }, bias.map { Float($0) })
        }
      }
      #expect(relativeError(narrow[0], expected) < 4e-6)
      #expect(narrow[0] == narrow[1])
      var wide = product
      wide.format = .float64
      #expect(relativeError(Self.run(wide, a, b, bias), expected) < 1e-14)
      #expect(
        relativeError(Self.run(wide, a, b, bias, rectified: true), expected.map { max(0, $0) }) < 1e-14)
    }
  }

  /// Results so large that they are written past the caches, and ones of the same size that cannot be.
  @Test(arguments: ConvolutionTests.kernelSets, [64, 63])
  func largeResults(kernels: String, columns: Int) {
    var generator = PhiloxGenerator(seed: 9, stream: 10)
    ConvolutionTests.with(kernels) {
      let product = MatrixProduct(rows: 52_001, columns: columns, depth: 3, format: .float32)
      let a = ConvolutionTests.random(product.rows * 3, &generator).map { Float($0) }
      let b = ConvolutionTests.random(columns * 3, &generator).map { Float($0) }
      let bias = ConvolutionTests.random(columns, &generator).map { Float($0) }
      let result = Self.run(product, a, b, bias)
      // Row by row, a product too small for that has the same bytes.
      let single = MatrixProduct(rows: 1, columns: columns, depth: 3, format: .float32)
      for row in stride(from: 0, to: product.rows, by: 97) {
        let expected = Self.run(single, Array(a[row * 3..<row * 3 + 3]), b, bias)
        #expect(Array(result[row * columns..<(row + 1) * columns]) == expected, "row \(row)")
      }
      #expect(!result.contains { $0.isNaN })
    }
  }

  @Test func threadsDoNotChangeABit() {
    var generator = PhiloxGenerator(seed: 5, stream: 6)
    let product = MatrixProduct(rows: 500, columns: 130, depth: 70, format: .float32)
    let a = ConvolutionTests.random(500 * 70, &generator).map { Float($0) }
    let b = ConvolutionTests.random(130 * 70, &generator).map { Float($0) }
    let results = [1, 2, 4].map { threads in
      ThreadPool.withThreadCount(threads) { Self.run(product, a, b, nil) }
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  /// NaN and infinity go through: a zero weight does not hide them, and rectifying keeps NaN.
  @Test(arguments: ConvolutionTests.kernelSets) func notANumberIsKept(kernels: String) {
    ConvolutionTests.with(kernels) {
      let product = MatrixProduct(rows: 1, columns: 17, depth: 1, format: .float32)
      let b = [Float](repeating: 0, count: 17)
      for rectified in [false, true] {
        let result = Self.run(product, [Float.infinity], b, nil, rectified: rectified)
        #expect(result.allSatisfy { $0.isNaN })
      }
    }
  }
}
