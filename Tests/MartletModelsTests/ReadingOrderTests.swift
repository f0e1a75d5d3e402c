import MartletInterchange
import Testing

@testable import Martlet
@testable import MartletModels

/// A packed file tells a network's variables from each other by the order in which a recording reads them.
@Suite("The order in which networks read their variables")
struct ReadingOrderTests {
  /// CRC-32C of the variables' names in that order. Where one has to be changed, `PackedHeader.currentRevision` has to be
  /// raised, so that older files are not taken for the network's.
  private static let known: [String: UInt32] = [
    "attention-unet": 2_033_455_659,
    "deeplabv3+-efficientnet-b0-16-0.0": 4_112_838_775,
    "deeplabv3+-mobilenet_v2-16-0.0": 1_576_393_332,
    "deeplabv3+-resnet34-16-0.0": 2_148_238_228,
    "deeplabv3+-resnet50-8-0.0": 847_429_129,
    "deeplabv3-resnet101": 2_135_624_700,
    "deeplabv3-resnet50": 3_843_071_606,
    "fpn-mobilenet_v2-0.0": 4_055_082_318,
    "fpn-resnet34-0.0": 1_594_921_122,
    "linknet-resnet34": 2_029_939_659,
    "linknet-vgg13_bn": 2_634_749_564,
    "resunet": 1_234_913_163,
    "segnet": 734_376_817,
    "unet++": 838_030_963,
    "unet++-3d": 2_286_873_662,
    "unet++-efficientnet-b0": 3_969_856_357,
    "unet++-heads": 3_912_984_763,
    "unet++-resnet34": 1_737_260_215,
    "unet++-vgg11_bn": 767_266_739,
    "unet-3d": 4_196_455_005,
    "unet-efficientnet-b0": 2_613_827_031,
    "unet-efficientnet-b1": 2_548_367_501,
    "unet-efficientnet-b2": 2_548_367_501,
    "unet-efficientnet-b3": 3_127_928_766,
    "unet-efficientnet-b4": 146_425_617,
    "unet-mobilenet_v2": 3_407_146_423,
    "unet-mobilenet_v3_large": 793_511_651,
    "unet-resnet101": 751_650_267,
    "unet-resnet18": 63_005_844,
    "unet-resnet18-4ch": 63_005_844,
    "unet-resnet34": 4_187_172_041,
    "unet-resnet34-4-[128, 64, 32, 16]": 1_445_358_645,
    "unet-resnet50": 714_682_079,
    "unet-vgg11": 4_036_672_408,
    "unet-vgg11_bn": 1_905_176_972,
    "unet-vgg13": 1_460_090_802,
    "unet-vgg13_bn": 4_043_377_109,
    "unet-vgg16": 1_436_691_400,
    "unet-vgg16_bn": 4_108_920_937,
    "unet-vgg19": 2_523_360_981,
    "unet-vgg19_bn": 2_824_609_988,
  ]

  @Test("is that of the revision of packed files", arguments: SegmentationNetworkTests.cases)
  func order(_ item: SegmentationNetworkTests.Case) throws {
    let network = try withoutInitialValues { try item.make() }
    let names = network.namesByIdentity
    let type = TensorType([1, item.channels] + item.sizes[0])
    let predictor = Predictor { [try network.logits($0[0])] }
    let order = try predictor.withRecorder { recorder in
      try recorder.record([type]).bindings.sorted { $0.key < $1.key }.compactMap { _, binding -> String? in
        guard case .variable(let variable) = binding else { return nil }
        return names[ObjectIdentifier(variable)]
      }
    }
    #expect(order.count > 10)
    let checksum = CRC32C.checksum(Array(order.joined(separator: " ").utf8))
    #expect(Self.known[item.name] == checksum, "\(item.name): \(checksum)")
  }
}
