import Foundation
import Martlet
import MartletData
import MartletModels
import MartletTraining
import Testing

/// The example of the README, so that it compiles and runs.
@Test("the README's example works")
func readmeExample() throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-example-\(UUID())").path
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let images = "\(folder)/cells/images"
  let masks = "\(folder)/cells/masks"
  let output = "\(folder)/run"
  try synthesizeCells(count: 6, size: 32, seed: 1, output: "\(folder)/cells")
  let file = "\(images)/cell_0001.png"
  let maskFile = "\(folder)/mask.png"

  // README: begin
  var configuration = SegmentationConfiguration()
  configuration.images = images
  configuration.masks = masks
  configuration.network.baseChannels = 4
  configuration.network.depth = 2
  configuration.size = 32
  configuration.epochs = 1
  configuration.output = output
  let run = try SegmentationRun.start(configuration)
  _ = try run.train()

  let (network, description) = try SegmentationModelDescription.load(runOrWeights: run.folder)
  let predictor = SegmentationPredictor(network: network, description: description)
  let labels = try predictor.labels(of: Image(contentsOf: file))
  try labels.image.write(to: maskFile)
  // README: end
  #expect(labels.width == 32 && labels.height == 32)
  #expect(FileManager.default.fileExists(atPath: maskFile))
}
