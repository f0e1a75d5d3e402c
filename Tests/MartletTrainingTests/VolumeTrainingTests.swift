import Foundation
import Martlet
import MartletData
import MartletFiles
import MartletModels
import Testing

@testable import MartletTraining

@Suite struct VolumeTrainingTests {
  private static let window = VolumeSize(depth: 4, height: 8, width: 8)

  private static func network() throws -> (any SegmentationModel, SegmentationModelDescription) {
    var options = NetworkOptions()
    options.axes = 3
    options.baseChannels = 2
    options.depth = 1
    let description = SegmentationModelDescription(
      model: "unet", network: options, inputChannels: 1, classCount: 3,
      options: SegmentationOptions(
        encoding: .indices, classes: (0..<3).map { SegmentationClass("class \($0)") }),
      normalization: .unit(channels: 1),
      volumes: VolumeDescription(
        window: window, normalization: try VolumeNormalization(.zScore, foreground: [[]])))
    // First weights that tell voxels apart.
    for seed in UInt64(1)..<100 {
      let network = try withSeed(seed) { try description.makeNetwork() }
      let predictor = try VolumePredictor(borrowing: network, description: description)
      if Set(try predictor.labels(of: volume)).contains(1) { return (network, description) }
    }
    throw MartletError("test", "no seed gives class 1")
  }

  private static let size = VolumeSize(depth: 6, height: 9, width: 10)
  private static let volume = Volume(size: size, values: (0..<size.count).map { Float($0 * 7 % 23) })

  /// A folder of one volume whose mask is given by the volume's own geometry.
  private static func data(labels: [Float], size: VolumeSize, spacing: [Double]) throws -> (
    URL, VolumeDataset
  ) {
    let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-\(UUID())")
    for part in ["images", "masks"] { try Folder.create(folder.appending(path: part).path) }
    let geometry = VolumeGeometry(spacing: spacing)
    try Volume(size: size, values: volume.values, geometry: geometry).write(
      to: folder.appending(path: "images/a.nii.gz").path)
    try Volume(size: size, values: labels, geometry: geometry).write(
      to: folder.appending(path: "masks/a.nii.gz").path, as: .uint8)
    return (
      folder,
      try VolumeDataset(images: folder.appending(path: "images"), masks: folder.appending(path: "masks"))
    )
  }

  @Test("a volume of one window is what the network says of it")
  func oneWindow() throws {
    let (network, description) = try Self.network()
    let predictor = try VolumePredictor(borrowing: network, description: description)
    let size = Self.window
    let values = (0..<size.count).map { Float($0 * 31 % 97) }
    var got: [Float] = []
    try predictor.predict(Volume(size: size, values: values), overlap: 0.25, blend: .gaussian) {
      got += $0.probabilities
    }
    let mean = values.reduce(0, +) / Float(values.count)
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(values.count)).squareRoot()
    let input = try Tensor(shape: [1, 1] + size.lengths, scalars: values.map { ($0 - mean) / deviation })
    let direct: [Float] = try network.logits(input).softmax(axis: 1).scalars()
    let count = size.count
    var worst: Float = 0
    for voxel in 0..<count {
      for item in 0..<3 { worst = max(worst, abs(got[3 * voxel + item] - direct[item * count + voxel])) }
    }
    #expect(worst < 1e-5 && got.count == 3 * count && got.allSatisfy(\.isFinite), "\(worst)")
  }

  @Test("a volume is evaluated as it is predicted, with distances in its own spacing")
  func evaluates() throws {
    let (network, description) = try Self.network()
    let size = Self.size
    let predictor = try VolumePredictor(borrowing: network, description: description)
    var labels = [Float](repeating: 0, count: size.count)
    labels[0] = 1
    labels[size.count - 1] = 2
    let (folder, data) = try Self.data(labels: labels, size: size, spacing: [3, 2, 1])
    defer { try? FileManager.default.removeItem(at: folder) }
    let loss = try SegmentationLoss("cross-entropy", classWeights: [], classCount: 3)
    let evaluator = try VolumeEvaluator(network: network, description: description, loss: loss)
    let evaluation = try evaluator.evaluate(data, measures: .all)
    let predicted = try predictor.labels(of: data.load(0).volume)
    let truth = try data.load(0).labels
    for item in 0..<3 {
      let both = zip(truth, predicted).count { $0 == item && $1 == item }
      let either = zip(truth, predicted).count { $0 == item || $1 == item }
      #expect(evaluation.confusion.intersectionOverUnion(item) == Double(both) / Double(either), "\(item)")
    }
    #expect(evaluation.loss.isFinite && evaluation.instances == nil)
    #expect(evaluation.calibration?.bins.reduce(0) { $0 + $1.count } == size.count)
    #expect(evaluation.volumeSpacings == [[3, 2, 1]])
    for item in 1..<3 where predicted.contains(UInt8(item)) {
      let distances = try SurfaceDistances(
        truth: truth.map { $0 == item ? 1 : 0 }, prediction: predicted.map { $0 == item ? 1 : 0 },
        shape: size.lengths, spacing: [3, 2, 1])
      #expect(evaluation.surfaces?.images[0][item - 1].hausdorff95 == distances.hausdorff())
    }
    // Another spacing is another distance.
    let other = try evaluator.evaluate(data, measures: .distances, spacing: [1, 1, 1])
    #expect(other.surfaces?.images != evaluation.surfaces?.images)
    #expect(throws: MartletError.self) {
      try evaluator.evaluate(data, measures: .distances, spacing: [1, 1])
    }
  }

  @Test("a description goes through a file, and those of images say nothing of volumes")
  func descriptions() throws {
    let (_, description) = try Self.network()
    let data = try JSONEncoder().encode(description)
    #expect(try JSONDecoder().decode(SegmentationModelDescription.self, from: data) == description)
    var images = description
    images.volumes = nil
    #expect(!String(decoding: try JSONEncoder().encode(images), as: UTF8.self).contains("volumes"))
    #expect(throws: MartletError.self) { try images.volumeDescription() }
    var wrong = description
    wrong.inputChannels = 2
    #expect(throws: MartletError.self) { try wrong.volumeDescription() }
  }

  @Test("sizes are a number or a list of numbers in files")
  func sizes() throws {
    func configuration(_ text: String) throws -> SegmentationConfiguration {
      try ConfigurationFile.parse(text, as: SegmentationConfiguration.self, source: "run.yaml")
    }
    var images = SegmentationConfiguration()
    images.output = "run"
    #expect(try ConfigurationFile.write(images).contains("\nsize: 256\n"))
    #expect(try !ConfigurationFile.write(images).contains("patches"))
    images.size = SampleSize([8, 16, 24])
    images.network.axes = 3
    images.volumes.patches = 2
    images.volumes.normalization = .ct
    #expect(try images.size.patch() == VolumeSize(depth: 8, height: 16, width: 24))
    #expect(try configuration(ConfigurationFile.write(images)) == images)
  }
}
