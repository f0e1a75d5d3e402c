import Foundation
import Martlet
import MartletModels
import Testing

@testable import MartletONNX

@Suite("An exported graph is one that any reader takes")
struct ExportStructureTests {
  @Test("of segmentation networks", arguments: ExportedModel.all, [17, 20])
  func segmentation(model: ExportedModel, opset: Int) throws {
    let network = try model.make()
    let options = options(opset)
    let export = try model.export(network, options)
    #expect(export.fixedAxes.isEmpty)
    check(export.model, options)
    try checkParameters(export.model, network)

    let graph = export.model.graph
    #expect(graph.input.map(\.name) == ["image"])
    #expect(graph.output.map(\.name) == ["logits"])
    let sizes = (0..<model.axes).map { "size\($0)" }
    #expect(dimensions(graph.input[0]) == ["batch", "3"] + sizes)
    // What convolutions without padding take away: 44 pixels of 2 levels.
    let margin = model.name == "unet-valid" ? "-40" : ""
    #expect(dimensions(graph.output[0]) == ["batch", "3"] + sizes.map { $0 + margin })
  }

  @Test("of recommenders", arguments: ExportedRecommender.all, [17, 18])
  func recommendation(model: ExportedRecommender, opset: Int) throws {
    let network = try model.make()
    let options = options(opset)
    let export = try model.export(network, options)
    #expect(export.fixedAxes.isEmpty)
    check(export.model, options)
    try checkParameters(export.model, network)
    #expect(dimensions(export.model.graph.input[0]) == ["batch", "12"])
    #expect(dimensions(export.model.graph.output[0]) == ["batch", "10"])
  }

  private func options(_ opset: Int) -> ONNXExport.Options {
    var options = ONNXExport.Options()
    options.opset = opset
    options.metadata = ["b": "2", "a": "1"]
    options.producer = ("martlet", "0.0")
    return options
  }

  private func dimensions(_ value: WireValueInfo) -> [String] {
    value.type.tensorType.shape.dim.map {
      switch $0.value {
      case .dimValue(let size): "\(size)"
      case .dimParam(let name): name
      case nil: "?"
      }
    }
  }

  /// Every name is given once and before it is read, and nothing is there that is not read.
  private func check(_ model: WireModel, _ options: ONNXExport.Options) {
    #expect(model.opsetImport.map(\.version) == [Int64(options.opset)])
    #expect(model.irVersion >= 8)
    #expect(model.metadataProps.map(\.key) == ["a", "b"])
    #expect(model.producerVersion == "0.0")
    var known = Set(model.graph.input.map(\.name))
    var read: Set<String> = []
    for tensor in model.graph.initializer {
      #expect(known.insert(tensor.name).inserted, "\(tensor.name) is there twice")
      #expect(
        tensor.rawData.count == tensor.dims.reduce(1, *)
          * (tensor.dataType == 9 ? 1 : tensor.dataType == 7 ? 8 : 4))
    }
    for node in model.graph.node {
      for input in node.input where !input.isEmpty {
        #expect(known.contains(input), "\(node.name) reads \(input) before it is made")
        read.insert(input)
      }
      for output in node.output { #expect(known.insert(output).inserted, "\(output) is made twice") }
      #expect(node.attribute.allSatisfy { $0.type != .undefined && !$0.name.isEmpty })
    }
    #expect(Set(model.graph.node.map(\.name)).count == model.graph.node.count)
    read.formUnion(model.graph.output.map(\.name))
    for output in model.graph.output { #expect(known.contains(output.name)) }
    for tensor in model.graph.initializer {
      #expect(read.contains(tensor.name), "\(tensor.name) is not read")
    }
  }

  /// Parameters are under their names, in PyTorch's order.
  private func checkParameters(_ model: WireModel, _ network: any Module) throws {
    let state = network.stateDict
    let initializers = Dictionary(uniqueKeysWithValues: model.graph.initializer.map { ($0.name, $0) })
    var found = 0
    for (name, tensor) in state {
      guard let initializer = initializers[name] else { continue }
      found += 1
      #expect(initializer.dims == tensor.shape.map(Int64.init))
      let values = try tensor.scalars(Float.self)
      #expect(values.withUnsafeBytes { Data($0) } == initializer.rawData)
    }
    // All but counters, what inference does not read and what is joined at once.
    #expect(found > state.count / 2)
    let modules = Set(network.modules.map(\.name))
    for node in model.graph.node where node.opType == "Conv" {
      let module = node.name.split(separator: "/").dropLast().joined(separator: "/")
      #expect(modules.contains(module), "\(node.name) is of no module")
    }
  }
}
