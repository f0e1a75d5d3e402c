import Testing

@testable import MartletTraining

@Suite struct ProgressDisplayTests {
  /// A display on a string, with a clock that is set by hand.
  final class Scene {
    var time = 0.0
    var text = ""
    private(set) var display: ProgressDisplay!

    init(isTerminal: Bool, epochs: Int = 2, stepsPerEpoch: Int = 100) {
      display = ProgressDisplay(
        epochs: epochs, stepsPerEpoch: stepsPerEpoch,
        output: ProgressOutput(
          isTerminal: isTerminal, style: { ProgressStyle(width: 100) },
          write: { [unowned self] in text += $0 }, now: { [unowned self] in time }))
    }

    func step(_ step: Int, epoch: Int = 0, seconds: Double) {
      time += seconds
      display.stepEnded(epoch: epoch, step: step, loss: 0.5, samples: 8)
    }
  }

  @Test func plainOutputHasALineAnEpochAndOneEveryHalfMinute() {
    let scene = Scene(isTerminal: false)
    for step in 1...100 { scene.step(step, seconds: 1) }
    scene.display.epochEnded(epoch: 0, figures: [("loss", 0.5)], isBest: true)
    #expect(
      scene.text == """
        epoch 1/2  step 30/100  loss 0.5000  8.00 images/s  2m 50s left
        epoch 1/2  step 60/100  loss 0.5000  8.00 images/s  2m 20s left
        epoch 1/2  step 90/100  loss 0.5000  8.00 images/s  1m 50s left
        Epoch 1/2  loss 0.5000  1m 40s  best

        """)
  }

  @Test func terminalLineIsDrawnInPlace() {
    let scene = Scene(isTerminal: true, stepsPerEpoch: 4)
    scene.step(1, seconds: 0.05)
    #expect(scene.text.hasPrefix("\r\u{1B}[2KEpoch 1/2"))
    #expect(!scene.text.contains("left"), "one step tells nothing of the time left")
    let drawn = scene.text.count
    scene.step(2, seconds: 0.05)
    #expect(scene.text.count == drawn, "at most ten lines a second")
    scene.step(3, seconds: 0.06)
    #expect(scene.text.count > drawn)
    #expect(scene.text.contains(" 0s left"))
    scene.step(4, seconds: 0.01)
    #expect(scene.text.contains("validating"), "the epoch's last step is always shown")
    #expect(!scene.text.contains("\n"))
    scene.display.epochEnded(epoch: 0, figures: [("loss", 0.5)], isBest: false)
    #expect(scene.text.hasSuffix("\r\u{1B}[2KEpoch 1/2  loss 0.5000  0s\n"))
    let end = scene.text.count
    scene.display.finish()
    #expect(scene.text.count == end, "no line is left to end")
    scene.step(1, epoch: 1, seconds: 1)
    scene.display.finish()
    #expect(scene.text.hasSuffix("\n"))
  }

  @Test func validationDoesNotCountAsSlowSteps() {
    let scene = Scene(isTerminal: true)
    for step in 1...100 { scene.step(step, seconds: 1) }
    scene.time += 1000
    scene.display.epochEnded(epoch: 0, figures: [], isBest: false)
    scene.text = ""
    scene.step(1, epoch: 1, seconds: 1)
    #expect(scene.text.contains("8.00 images/s"))
    // …but it does take time: 1101 seconds went into 101 steps, and 99 are left.
    #expect(scene.text.contains("17m 59s left"))
  }

  @Test func rateFollowsTheStepsOfLate() {
    let scene = Scene(isTerminal: true, stepsPerEpoch: 1000)
    for step in 1...50 { scene.step(step, seconds: 8) }
    for step in 51...200 { scene.step(step, seconds: 1) }
    scene.text = ""
    scene.step(201, seconds: 1)
    #expect(scene.text.contains("8.00 images/s"))
  }

  @Test func textReplacesTheLine() {
    let scene = Scene(isTerminal: true)
    scene.step(1, seconds: 1)
    scene.display.print("stopping")
    #expect(scene.text.hasSuffix("\r\u{1B}[2Kstopping\n"))
    let plain = Scene(isTerminal: false)
    plain.display.print("stopping")
    #expect(plain.text == "stopping\n")
  }
}
