import Martlet
import MartletData
import MartletModels

/// Gives each pixel of an image its class.
public final class SegmentationPredictor {
  public let description: SegmentationModelDescription
  private let numerics: Numerics
  private let network: any SegmentationModel
  private var functions: [TensorType: Function] = [:]

  public init(
    network: any SegmentationModel, description: SegmentationModelDescription, numerics: Numerics = .current
  ) {
    self.network = network
    self.description = description
    self.numerics = numerics
  }

  /// The class of each pixel of an image of any size.
  ///
  /// - Throws: ``MartletError`` when memory is short.
  public func labels(of image: Image) throws -> LabelMap {
    let input = try image.networkInput(description.normalization)
    let function = try self.function(for: input.type)
    let classes = try function([input])[0].scalars(UInt8.self)
    return LabelMap(width: image.width, height: image.height, values: classes)
  }

  private func function(for type: TensorType) throws -> Function {
    if let known = functions[type] { return known }
    let function = try Function([type], numerics: numerics) { [network] in
      [try network.logits($0[0]).argmax(axis: 1).cast(to: .uint8)]
    }
    functions[type] = function
    return function
  }
}
