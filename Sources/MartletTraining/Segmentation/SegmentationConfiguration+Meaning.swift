import Foundation
import Martlet
import MartletData
import MartletModels

/// What a configuration's values stand for.
extension SegmentationConfiguration {
  /// Checks what can be checked without data.
  ///
  /// - Throws: ``MartletError`` naming the key, what it can be and what it is.
  public func check() throws {
    func check(_ condition: Bool, _ key: CodingKeys, _ expected: String, _ value: some Any) throws {
      try require(condition, "configuration", "\(key.rawValue): expected \(expected), got \(value)")
    }
    func check(_ value: String, _ key: CodingKeys, oneOf choices: [String]) throws {
      try check(choices.contains(value), key, choices.joined(separator: ", "), value)
    }
    try check(!images.isEmpty, .images, "a folder", "nothing")
    try check(!masks.isEmpty, .masks, "a folder", "nothing")
    try Folder.checkName(output, "configuration")
    try require(
      (validationImages == nil) == (validationMasks == nil), "configuration",
      "expected validation-images and validation-masks together, got one of them")
    try check(
      validationFraction > 0 && validationFraction < 1, .validationFraction, "a share between 0 and 1",
      validationFraction)
    try check(maskEncoding, .maskEncoding, oneOf: ["auto", "binary", "indices", "colors"])
    try check(model, .model, oneOf: ["unet"])
    try check(padding, .padding, oneOf: UNet.Configuration.Padding.allCases.map(\.rawValue))
    try check(upsampling, .upsampling, oneOf: UNet.Configuration.Upsampling.allCases.map(\.rawValue))
    try check((0..<1).contains(dropout), .dropout, "a probability below 1", dropout)
    try check((1...65536).contains(size), .size, "1 to 65536", size)
    try check((1...65536).contains(batchSize), .batchSize, "1 to 65536", batchSize)
    try check((1...1_000_000).contains(epochs), .epochs, "1 to 1000000", epochs)
    try check(optimizer, .optimizer, oneOf: ["adam", "adamw", "sgd"])
    try check(learningRate > 0 && learningRate.isFinite, .learningRate, "a positive number", learningRate)
    try check(weightDecay >= 0 && weightDecay.isFinite, .weightDecay, "0 or more", weightDecay)
    try check((0..<1).contains(momentum), .momentum, "0 or more and below 1", momentum)
    try check(schedule, .schedule, oneOf: ["constant", "step", "cosine"])
    try check(warmUpEpochs >= 0 && warmUpEpochs.isFinite, .warmUpEpochs, "0 or more", warmUpEpochs)
    try check(stepEpochs > 0, .stepEpochs, "1 or more", stepEpochs)
    try check(stepFactor > 0 && stepFactor.isFinite, .stepFactor, "a positive number", stepFactor)
    try check(clipNorm.map { $0 > 0 } ?? true, .clipNorm, "a positive number", clipNorm ?? 0)
    try check(earlyStopping.map { $0 > 0 } ?? true, .earlyStopping, "1 or more epochs", earlyStopping ?? 0)
    try augmentation.pipeline.check()
  }

  /// Makes paths independent of the working directory, so that a run can be resumed from anywhere.
  mutating func makePathsAbsolute() {
    func absolute(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }
    images = absolute(images)
    masks = absolute(masks)
    validationImages = validationImages.map(absolute)
    validationMasks = validationMasks.map(absolute)
    weights = weights.map(absolute)
    output = absolute(output)
  }

  func maskOptions() throws -> SegmentationOptions {
    let encoding: MaskEncoding =
      switch maskEncoding {
      case "binary": .binary
      case "indices": .indices
      case "colors": .colors
      default: .automatic
      }
    let table = classes.isEmpty ? nil : try SegmentationClass.table(classes.joined(separator: "\n"))
    return SegmentationOptions(encoding: encoding, classes: table, ignoreIndex: ignoreIndex)
  }

  /// The training and validation data, checked.
  func datasets() throws -> (training: SegmentationDataset, validation: SegmentationDataset) {
    let training = try SegmentationDataset(
      images: URL(filePath: images), masks: URL(filePath: masks), options: maskOptions())
    if let validationImages, let validationMasks {
      let validation = try SegmentationDataset(
        images: URL(filePath: validationImages), masks: URL(filePath: validationMasks),
        options: training.options)
      return (training, validation)
    }
    return try training.split(validationFraction: validationFraction, seed: seed)
  }

  func modelDescription(
    _ data: SegmentationDataset, _ normalization: Normalization
  ) throws -> SegmentationModelDescription {
    var unet = UNet.Configuration()
    unet.inputChannels = data.channels
    unet.classCount = data.classes.count
    unet.baseChannels = baseChannels
    unet.depth = depth
    unet.batchNorm = batchNorm
    unet.dropout = dropout
    unet.padding = UNet.Configuration.Padding(rawValue: padding) ?? unet.padding
    unet.upsampling = UNet.Configuration.Upsampling(rawValue: upsampling) ?? unet.upsampling
    return SegmentationModelDescription(
      model: model, unet: unet, options: data.options, normalization: normalization)
  }

  func trainerOptions(stepsPerEpoch: Int) -> Trainer.Options {
    let rule: any Optimizer =
      switch optimizer {
      case "sgd": SGD(momentum: momentum, weightDecay: weightDecay, nesterov: nesterov)
      case "adamw": AdamW(weightDecay: weightDecay)
      default: Adam(weightDecay: weightDecay)
      }
    let rateSchedule: LearningRateSchedule =
      switch schedule {
      case "constant": .constant
      case "step": .step(period: stepEpochs * stepsPerEpoch, factor: stepFactor)
      default: .cosine(minimumFactor: 0)
      }
    return Trainer.Options(
      optimizer: rule, learningRate: learningRate, schedule: rateSchedule, warmUpEpochs: warmUpEpochs,
      epochs: epochs, seed: seed, clipNorm: clipNorm, earlyStopping: earlyStopping)
  }
}
