import Foundation
import Martlet
import MartletData
import MartletFiles
import MartletInterchange
import MartletModels

/// What a configuration's values stand for.
extension SegmentationConfiguration {
  public func check() throws {
    try checkValue(!images.isEmpty, "images", "a folder", "nothing")
    try Folder.checkName(output, "configuration")
    try require(
      validationImages != nil || validationMasks == nil, "configuration",
      "expected validation-images with validation-masks, got none")
    try checkValue(
      validationFraction > 0 && validationFraction < 1, "validation-fraction", "a share between 0 and 1",
      validationFraction)
    try checkValue(
      ignoreColor.map { MaskColor(hexadecimal: $0) != nil } ?? true, "ignore-color",
      "a colour such as #ffffff",
      ignoreColor ?? "")
    try checkNetwork()
    try checkValue(reset.isEmpty || weights != nil, "reset", "weights whose parameters are not taken", reset)
    try checkValue(
      !adaptInput || weights != nil || encoderWeights != nil, "adapt-input", "weights to adapt", adaptInput)
    try require(
      weights == nil || encoderWeights == nil, "configuration",
      "expected weights or encoder-weights, got both: the first would be for the encoder too")
    try checkSamples()
    try SegmentationLoss.check(loss)
    try checkValue(
      mixUp.map { MixUp.strengths.contains($0) } ?? true, "mix-up",
      "\(MixUp.strengths.lowerBound) to \(MixUp.strengths.upperBound)", mixUp ?? 0)
    try training.check()
    try augmentation.pipeline.check()
  }

  public func checkUse() throws {
    try training.checkUse()
    try checkValue(
      training.optimizer != .sparseAdam, "optimizer", "one for networks that look nothing up",
      training.optimizer.rawValue)
    try checkValue(
      validationImages == nil || validationFraction == Self().validationFraction, "validation-fraction",
      "no validation-images with it", validationImages ?? "")
    let found =
      format == .auto && !images.isEmpty
      ? DatasetFormat.detected(images: trainingPlaces.images, masks: trainingPlaces.masks) : format
    for (key, isStandard) in [
      ("ignore-index", ignoreIndex == nil), ("ignore-color", ignoreColor == nil),
      ("mask-encoding", maskEncoding == .automatic),
    ] {
      try checkValue(
        isStandard || !found.drawsMasks, key, "masks with it that are pictures of classes", found.rawValue)
    }
  }

  /// Checks what the network is made of.
  func checkNetwork() throws {
    try Architecture.named(model, network).check(network)
  }

  public mutating func changePaths(_ change: (String) -> String) {
    images = change(images)
    if !masks.isEmpty { masks = change(masks) }
    validationImages = validationImages.map(change)
    validationMasks = validationMasks.map(change)
    weights = weights.map(change)
    encoderWeights = encoderWeights.map(change)
    output = change(output)
  }

  /// Checks that what is to be ignored is something that masks can hold.
  ///
  /// - Parameter options: What was found of the masks.
  /// - Throws: ``MartletError`` naming the key that would change nothing.
  func checkIgnored(_ options: SegmentationOptions) throws {
    let isColors = options.encoding == .colors
    try checkValue(
      ignoreIndex == nil || !isColors, "ignore-index", "ignore-color in its place, since masks are colours",
      ignoreIndex ?? 0)
    try checkValue(
      ignoreColor == nil || isColors, "ignore-color",
      "ignore-index in its place, since masks are read as values and not as colours", ignoreColor ?? "")
  }

  public var inputPaths: [String] {
    let places = [images.isEmpty ? nil : trainingPlaces, validationPlaces].compactMap { $0 }
    return places.flatMap { [$0.images.relativePath, $0.masks.relativePath] }
      + [weights, encoderWeights].compactMap { $0 }
  }

  func maskOptions() throws -> SegmentationOptions {
    let table = classes.isEmpty ? nil : try SegmentationClass.table(classes.joined(separator: "\n"))
    return SegmentationOptions(
      encoding: maskEncoding, classes: table, ignoreIndex: ignoreIndex,
      ignoreColor: ignoreColor.flatMap { MaskColor(hexadecimal: $0) })
  }

  /// Where images and masks for training are.
  var trainingPlaces: DatasetPlaces {
    DatasetPlaces(
      images: URL(filePath: images), masks: masks.isEmpty ? nil : URL(filePath: masks), format: format)
  }

  /// Where those for validation are, if they are not some of those for training.
  var validationPlaces: DatasetPlaces? {
    validationImages.map {
      DatasetPlaces(
        images: URL(filePath: $0), masks: validationMasks.map { URL(filePath: $0) }, format: format)
    }
  }

  /// The training and validation data, checked.
  func datasets() throws -> (training: SegmentationDataset, validation: SegmentationDataset) {
    let training = try SegmentationDataset(
      images: trainingPlaces.images, masks: trainingPlaces.masks, format: format, options: maskOptions())
    try checkIgnored(training.options)
    if let places = validationPlaces {
      let validation = try SegmentationDataset(
        images: places.images, masks: places.masks, format: format, options: training.options)
      try training.checkForeground()
      return (training, validation)
    }
    let parts = try training.split(validationFraction: validationFraction, seed: self.seed)
    try parts.training.checkForeground()
    return parts
  }

  func modelDescription(
    _ data: SegmentationDataset, _ normalization: Normalization
  ) throws -> SegmentationModelDescription {
    try modelDescription(
      inputChannels: data.channels, classCount: data.classes.count, options: data.options,
      normalization: normalization)
  }

  func modelDescription(
    inputChannels: Int, classCount: Int, options: SegmentationOptions, normalization: Normalization
  ) throws -> SegmentationModelDescription {
    SegmentationModelDescription(
      model: model, network: try Architecture.named(model, network).completed(network),
      inputChannels: inputChannels, classCount: classCount, options: options, normalization: normalization)
  }

  public func makeTask(isNew: Bool) throws -> SegmentationTask {
    let data: any SegmentationData = isVolumes ? try SegmentationVolumes(self) : try SegmentationImages(self)
    let description = try data.description(self)
    let network =
      try isNew ? withSeed(self.seed) { try description.makeNetwork() } : description.makeNetwork()
    if isNew, let weights {
      try network.loadStateDict(
        loadWeights(URL(filePath: weights)), source: weights, reset: reset, adaptInputChannels: adaptInput)
    }
    if isNew, let encoderWeights {
      try network.loadEncoderStateDict(
        loadWeights(URL(filePath: encoderWeights)), source: encoderWeights, adaptInputChannels: adaptInput)
    }
    return try SegmentationTask(network: network, description: description, data: data, configuration: self)
  }

  public func writeReport(_ files: RunFolder, task: SegmentationTask) throws {
    try SegmentationReport.write(files, configuration: self, task: task)
  }
}
