import Foundation
import MartletKernels
import Testing

@Suite("martlet --precision", .serialized)
struct PrecisionCommandTests {
  /// Wide enough that layers are rounded.
  private func trained(_ scratch: Scratch) throws {
    try scratch.cells(6, size: 64)
    var arguments = scratch.trainArguments("run", epochs: 1)
    for (flag, value) in ["--base-channels": "32", "--size": "64"] {
      arguments[try #require(arguments.firstIndex(of: flag)) + 1] = value
    }
    let train = try Program.run(arguments)
    try #require(train.status == 0, "\(train.errors)")
  }

  private func predict(_ scratch: Scratch) -> [String] {
    ["predict", scratch.path("run"), scratch.path("cells/images"), "--output", scratch.path("masks")]
  }

  private func evaluate(_ scratch: Scratch) -> [String] {
    ["evaluate", scratch.path("run"), "--no-distances"]
  }

  @Test("is refused where the processor lacks it, and says nothing in fp32")
  func refusedWithoutInstructions() throws {
    let scratch = try Scratch()
    try trained(scratch)
    let (predict, evaluate) = (predict(scratch), evaluate(scratch))
    // Portable kernels are on every machine, and no processor's bf16 instructions go with them.
    for arguments in [predict, evaluate] {
      let refused = try Program.run(
        arguments + ["--precision", "bf16"], environment: ["MARTLET_ISA": "portable"])
      #expect(refused.status == 2 && refused.errors.contains("AVX-512 BF16"), "\(refused.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: scratch.path("masks")))

    let exact = try Program.run(predict + ["--precision", "fp32"])
    #expect(exact.status == 0 && !exact.errors.contains("probabilities differ"), "\(exact.errors)")
    let plain = try Program.run(evaluate + ["--json"])
    #expect(!plain.output.contains("\"arithmetic\" : {"), "\(plain.output)")
  }

  @Test("says what bf16 changes, in predictions and evaluations", .enabled(if: hasBFloat16Kernels))
  func bfloat16() throws {
    let scratch = try Scratch()
    try trained(scratch)
    let (predict, evaluate) = (predict(scratch), evaluate(scratch))
    let plain = try Program.run(evaluate + ["--json"])
    let rounded = try Program.run(predict + ["--precision", "bf16"])
    #expect(rounded.status == 0, "\(rounded.errors)")
    #expect(
      rounded.errors.contains("bf16: on 4 images probabilities differ from fp32's by"), "\(rounded.errors)")

    let table = try Program.run(evaluate + ["--precision", "bf16"])
    #expect(table.status == 0, "\(table.errors)")
    for text in ["fp32", "bf16", "change", "mean_iou", "get another class"] {
      #expect(table.output.contains(text), "\(table.output)")
    }
    let json = try Program.run(evaluate + ["--precision", "bf16", "--json"])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    let precision = try #require(object["arithmetic"] as? [String: Any])
    let float32 = try #require(precision["float32"] as? [String: Double])
    let own = try #require(object["mean_iou"] as? Double)
    let fp32 = try #require(float32["mean_iou"])
    #expect(precision["name"] as? String == "bf16")
    #expect(abs(own - fp32) < 0.05)
    let difference = try #require(precision["largest_difference"] as? Double)
    #expect(difference > 0 && difference < 0.2)
    let reference = try #require(
      try JSONSerialization.jsonObject(with: Data(plain.output.utf8)) as? [String: Any])
    #expect(fp32 == reference["mean_iou"] as? Double)
  }

  @Test("a calibration replaces nothing unasked, and int8 is refused without one")
  func int8() throws {
    let scratch = try Scratch()
    try trained(scratch)
    let (run, images, calibration) = (
      scratch.path("run"), scratch.path("cells/images"), scratch.path("calibration.json")
    )
    let calibrate = ["calibrate", run, images, "--output", calibration]
    let made = try Program.run(calibrate)
    #expect(made.status == 0 && made.output == "wrote \(calibration)\n", "\(made)")
    let again = try Program.run(calibrate)
    #expect(again.status == 2 && again.errors.contains("is there already"), "\(again.errors)")
    let over = try Program.run(["calibrate", run, images, "--output", run + "/config.yaml", "--overwrite"])
    #expect(over.status == 2 && over.errors.contains("which is read"), "\(over.errors)")

    let predict = predict(scratch)
    let refused = try Program.run(
      predict + ["--precision", "int8", "--calibration", calibration],
      environment: ["MARTLET_ISA": "portable"])
    #expect(refused.status == 2 && refused.errors.contains("AVX-512 VNNI"), "\(refused.errors)")
    let useless = try Program.run(predict + ["--calibration", calibration])
    #expect(useless.status == 2 && useless.errors.contains("no --calibration"), "\(useless.errors)")

    let bare = try Program.run(predict + ["--precision", "int8"])
    #expect(bare.status == 2 && !FileManager.default.fileExists(atPath: scratch.path("masks")))
  }

  @Test("int8 is measured with the network's own calibration", .enabled(if: hasInt8Kernels))
  func calibrated() throws {
    let scratch = try Scratch()
    try trained(scratch)
    let (run, calibration, predict) = (
      scratch.path("run"), scratch.path("calibration.json"), predict(scratch)
    )
    try #require(
      try Program.run(["calibrate", run, scratch.path("cells/images"), "--output", calibration]).status == 0)
    let bare = try Program.run(predict + ["--precision", "int8"])
    #expect(bare.errors.contains("expected --calibration"), "\(bare.errors)")
    try Data("{}".utf8).write(to: URL(filePath: scratch.path("empty.json")))
    let text = try String(contentsOfFile: calibration, encoding: .utf8)
    let shortened = text.replacing(/\[\s+[-0-9.e]+,\s+[-0-9.e]+\s+\],/, with: "", maxReplacements: 1)
    try Data(shortened.utf8).write(to: URL(filePath: scratch.path("short.json")))
    let others = text.replacing(/"source" : "../, with: "\"source\" : \"zz")
    try Data(others.utf8).write(to: URL(filePath: scratch.path("others.json")))
    for (file, words) in [
      ("empty.json", "martlet calibrate"), ("short.json", "another network's"),
      ("others.json", "weights with checksum"), ("none.json", "none.json"),
    ] {
      let wrong = try Program.run(
        predict + ["--precision", "int8", "--calibration", scratch.path(file)])
      #expect(wrong.status == 2 && wrong.errors.contains(words), "\(file): \(wrong.errors)")
    }
    let rounded = try Program.run(
      predict + ["--precision", "int8", "--calibration", calibration, "--overwrite"])
    #expect(
      rounded.status == 0
        && rounded.errors.contains("int8: on 4 images probabilities differ from fp32's by"),
      "\(rounded.errors)")
    let evaluation = try Program.run(
      ["evaluate", run, "--no-distances", "--precision", "int8", "--calibration", calibration, "--json"])
    #expect(evaluation.output.contains("\"int8\""), "\(evaluation)")
  }

  @Test("is refused where it means nothing")
  func refusals() throws {
    let scratch = try Scratch()
    try trained(scratch)
    let result = try Program.run(["evaluate", scratch.path("run"), "--precision", "fp8"])
    #expect(result.status != 0 && result.errors.contains("fp8"), "\(result.errors)")
  }
}
