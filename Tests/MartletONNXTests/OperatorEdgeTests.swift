import Martlet
import Testing

@testable import MartletONNX

/// What operators make at the edges of their definitions; the numbers are ONNX Runtime's.
@Suite("Operators at the edges of their definitions")
struct OperatorEdgeTests {
  private func run(
    _ type: String, _ x: Tensor, _ attributes: [WireAttribute] = [], inputs: [String] = [],
    _ initializers: [WireTensor] = [], version: Int = 18
  ) throws -> [Float] {
    let model = model(
      [node(type, ["x"] + inputs, ["y"], attributes)],
      inputs: [value("x", x.shape)], outputs: [value("y", ["m"])], initializers: initializers,
      version: version)
    return try model.load().run(x).scalars(Float.self)
  }

  private func tensor(_ shape: [Int], _ values: [Float]) throws -> Tensor {
    try Tensor(shape: shape, scalars: values)
  }

  @Test(
    "a reduction of nothing keeps what it does to each element",
    arguments: [
      ("ReduceSumSquare", [4, 9]), ("ReduceL1", [2, 3]), ("ReduceL2", [2, 3]), ("ReduceSum", [-2, 3]),
      ("ReduceLogSumExp", [-2, 3]), ("ReduceMax", [-2, 3]),
    ] as [(String, [Float])])
  func reductionOfNothing(_ type: String, _ expected: [Float]) throws {
    #expect(try run(type, tensor([2], [-2, 3]), [attribute("noop_with_empty_axes", 1)]) == expected)
  }

  @Test("nearest elements follow scales in single precision")
  func nearestByScale() throws {
    func nearest(_ count: Int, by scale: Float) throws -> [Float] {
      try run(
        "Resize", tensor([1, 1, count], (0..<count).map { Float($0) }),
        [
          attribute("mode", "nearest"), attribute("coordinate_transformation_mode", "asymmetric"),
          attribute("nearest_mode", "floor"),
        ], inputs: ["", "scales"], [initializer("scales", [3], [1, 1, scale])])
    }
    #expect(try nearest(9, by: 1 / 3) == [0, 3, 6])
    #expect(try nearest(6, by: 2 / 3) == [0, 1, 3, 4])
    #expect(try nearest(4, by: 2) == [0, 0, 1, 1, 2, 2, 3, 3])
  }

  @Test("the first version of Resize rounds each axis by its own scale")
  func firstResize() throws {
    let image = try tensor([1, 1, 4, 6], (0..<24).map { Float($0) })
    let got = try run(
      "Resize", image, [attribute("mode", "nearest")], inputs: ["scales"],
      [initializer("scales", [4], [1, 1, 0.5, 1.5])], version: 10)
    let columns: [Float] = [0, 0, 1, 2, 2, 3, 4, 4, 5]
    #expect(got == columns + columns.map { $0 + 12 })
  }

  @Test("a normalisation of one value is its bias")
  func normalizationOfOne() throws {
    let got = try run(
      "InstanceNormalization", tensor([1, 2, 1, 1], [3, 4]), inputs: ["scale", "bias"],
      [initializer("scale", [2], [2, 2]), initializer("bias", [2], [5, 6])])
    #expect(got == [5, 6])
    #expect(try run("LpNormalization", tensor([2, 2], [1e-13, 0, 0, 0])) == [1, 0, 0, 0])
  }

  @Test("a slice backwards from before the first element is the first")
  func sliceBackwards() throws {
    func slice(from start: Int) throws -> [Float] {
      try run(
        "Slice", tensor([5], [0, 1, 2, 3, 4]), inputs: ["starts", "ends", "axes", "steps"],
        [
          initializer("starts", [start]), initializer("ends", [Int(Int32.min)]), initializer("axes", [0]),
          initializer("steps", [-1]),
        ])
    }
    #expect(try slice(from: -100) == [0])
    #expect(try slice(from: -4) == [1, 0])
    #expect(try slice(from: 100) == [4, 3, 2, 1, 0])
  }

  /// As PyTorch's exporter leaves a new network: equal tensors are kept once.
  @Test("statistics that a file shares with weights are kept apart")
  func sharedStatistics() throws {
    let wire = model(
      [
        node("BatchNormalization", ["x", "ones", "zeros", "zeros", "ones"], ["h"], name: "first"),
        node("BatchNormalization", ["h", "ones", "zeros", "zeros", "ones"], ["y"], name: "second"),
      ], inputs: [value("x", ["n", 2])], outputs: [value("y", ["n", 2])],
      initializers: [initializer("ones", [2], [1, 1]), initializer("zeros", [2], [0, 0])])
    let network = try wire.load()
    #expect(network.parameters.map(\.name).sorted() == ["ones", "zeros"])
    let x = try tensor([4, 2], [1, 2, 3, 4, 5, 6, 7, 9])
    let step = try Function([x.type], mode: .training) { arguments in
      let y = try #require(network(["x": arguments[0]])["y"])
      return [y]
        + (try gradients(of: (y * y * y).sum(), withRespectTo: network.parameters.map(\.parameter.value)))
    }
    let results = try step([x])
    #expect(try results.dropFirst().allSatisfy { try $0.scalars(Float.self).contains { abs($0) > 1e-3 } })
    let state = network.stateDict
    #expect(try state["ones"]?.scalars(Float.self) == [1, 1])
    #expect(try state["zeros"]?.scalars(Float.self) == [0, 0])
    let mean = try #require(state["first.running_mean"]).scalars(Float.self)
    #expect(zip(mean, [0.4, 0.525]).allSatisfy { abs($0 - $1) < 1e-6 }, "\(mean)")
    #expect(try state["second.running_mean"]?.scalars(Float.self).allSatisfy { abs($0) < 1e-6 } == true)
  }
}
