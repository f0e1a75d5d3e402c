import Martlet
import Testing

@testable import MartletONNX

@Suite("What depends on the input's size is read from it when the file runs")
struct ExportSizesTests {
  private final class Model: Module {}

  private func export(
    step: Int = 1, _ body: @escaping (Tensor) throws -> Tensor
  ) throws -> (nodes: [String], constants: [[Int64]], fixed: [ONNXExport.FixedAxis], graph: WireGraph) {
    let input = ONNXInput(
      "x", TensorType([2, 4, 8, 8], .float32, .channelsLast),
      dynamicAxes: [0: .init("n"), 2: .init("h", step: step), 3: .init("w", step: step)])
    let export = try ONNXExport(Model(), inputs: [input], outputs: ["y"]) { [try body($0[0])] }
    let graph = export.model.graph
    let constants = graph.initializer.filter { $0.dataType == 7 }.map { tensor in
      tensor.rawData.withUnsafeBytes { Array($0.bindMemory(to: Int64.self)) }
    }
    return (graph.node.map(\.opType), constants, export.fixedAxes, graph)
  }

  @Test("a layout in memory leaves no trace")
  func layouts() throws {
    let same = try export { try $0.converted(to: .rowMajor).relu().converted(to: .channelsLast) }
    #expect(same.nodes == ["Relu"])
    #expect(same.graph.node[0].output == ["y"])
  }

  @Test("a permutation that is a view is a transposition")
  func views() throws {
    // The bytes of channels-last [N, C, H, W] are those of [N, H, W, C].
    let turned = try export { try $0.permuted([0, 2, 3, 1]) }
    #expect(turned.nodes == ["Transpose"])
    #expect(turned.graph.node[0].attribute[0].ints == [0, 2, 3, 1])
    let back = try export { try $0.permuted([0, 2, 3, 1]).relu().permuted([0, 3, 1, 2]) }
    #expect(back.nodes == ["Transpose", "Relu", "Transpose"])
    #expect(back.graph.node[2].attribute[0].ints == [0, 3, 1, 2])
  }

  @Test("a reshape copies sizes, or infers one")
  func reshapes() throws {
    let joined = try export { try $0.flattened(from: 2, to: 3) }
    #expect(joined.nodes == ["Reshape"])
    #expect(joined.constants == [[0, 4, -1]])
    let rows = try export {
      try $0.converted(to: .rowMajor).reshaped(to: [$0.shape[0] * 4, $0.shape[2], -1])
    }
    #expect(rows.nodes.filter { $0 == "Reshape" }.count == 1)
  }

  @Test("upsampling to a feature's size reads it; to twice the size it has scales")
  func upsampling() throws {
    let twice = try export { try $0.upsampled(scale: 2) }
    #expect(twice.nodes == ["Resize"])
    #expect(twice.graph.node[0].input.count == 3)
    let odd = try export {
      let small = try $0.maxPooled(kernel: [2], ceilMode: true)
      return try small.upsampled(to: $0.space)
    }
    #expect(odd.nodes == ["MaxPool", "Shape", "Shape", "Concat", "Resize"])
    #expect(odd.graph.node.last?.input.count == 4)
    // ⌈h/2⌉ is the size of the pooled feature, not half of the image's.
    let half = try export {
      let small = try $0.maxPooled(kernel: [2], ceilMode: true)
      return try $0.upsampled(to: small.space) + small
    }
    let shapes = half.graph.node.filter { $0.opType == "Shape" }
    #expect(shapes.map { $0.input[0] } == ["x", "MaxPool"])
  }

  @Test("a slice counts from the end that its bound keeps its distance from")
  func slices() throws {
    let cropped = try export {
      try $0.cropped(start: [2, 3], space: [$0.shape[2] - 5, $0.shape[3] - 3])
    }
    #expect(cropped.nodes == ["Slice"])
    #expect(Set(cropped.constants).isSuperset(of: [[2, 3], [-3, Int64(Int32.max)], [1, 1]]))
  }

  @Test("arithmetic on a size is arithmetic in the graph")
  func arithmetic() throws {
    let larger = try export(step: 2) { try $0.upsampled(to: [$0.shape[2] * 3 / 2 + 1, 7]) }
    #expect(larger.fixed.isEmpty)
    #expect(larger.nodes.filter { ["Mul", "Div", "Add"].contains($0) } == ["Mul", "Div", "Add"])
    #expect(Set(larger.constants).isSuperset(of: [[3], [2], [1], [7]]))
  }

  @Test("what cannot be said leaves its axis fixed, and the others dynamic")
  func fixedAxes() throws {
    let squared = try export { try $0.upsampled(to: [$0.shape[2] * $0.shape[2], $0.shape[3]]) }
    #expect(squared.fixed.map(\.name) == ["h"])
    #expect(squared.fixed.map(\.size) == [8])
    #expect(squared.fixed[0].reason.contains("the size of an upsampling"))
    let other = try export { $0.shape[3] == 8 ? $0 : try $0.relu() }
    #expect(other.fixed.isEmpty, "one that is other at the given size only")
    let branches = try export { $0.shape[3] > 12 ? try $0.relu() : try $0.abs().abs() }
    #expect(branches.fixed.map(\.name) == ["w"])
    #expect(branches.nodes == ["Abs", "Abs"])
    let refused = try export {
      try require($0.shape[2] == 8, "model", "expected a height of 8, got \($0.shape[2])")
      return try $0.relu()
    }
    #expect(refused.fixed.map(\.name) == ["h"])
    #expect(refused.fixed[0].description == "h stays 8: expected a height of 8, got 9")
  }

  @Test("a value that is an input, a constant or two outputs has names for all")
  func outputs() throws {
    let input = ONNXInput("x", TensorType([2, 3]))
    let export = try ONNXExport(Model(), inputs: [input], outputs: ["a", "b", "c", "d"]) {
      let y = try $0[0].relu()
      return [y, y, $0[0], try Tensor.ones([2])]
    }
    let graph = export.model.graph
    #expect(graph.output.map(\.name) == ["a", "b", "c", "d"])
    #expect(graph.node.map(\.opType) == ["Relu", "Identity", "Identity", "Identity"])
    #expect(graph.node.map { $0.output[0] } == ["a", "b", "c", "d"])
    #expect(graph.node.map { $0.input[0] } == ["x", "a", "x", graph.initializer[0].name])
  }
}
