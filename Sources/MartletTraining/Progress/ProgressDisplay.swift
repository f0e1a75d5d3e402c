/// Shows on standard error how a training goes.
///
/// On a terminal one line is drawn again and again, with a bar, the loss, samples a second and the time left of the
/// whole training; each epoch leaves a line behind. Anywhere else, such as in a file, there is a line an epoch and at
/// most one more every half minute, without any control characters.
///
/// `NO_COLOR` switches colours off (<https://no-color.org>); a terminal that calls itself `dumb` gets plain lines.
public final class ProgressDisplay {
  private let epochs: Int
  private let stepsPerEpoch: Int
  private let sampleName: String
  private let output: ProgressOutput
  private let isLive: Bool

  private var startTime: Double
  private var epochStartTime: Double
  private var lastStepTime: Double
  private var lastLineTime: Double
  private var stepsDone = 0
  private var samplesPerSecond: Double?
  private var isLineShown = false

  /// Seconds between two drawings of the line on a terminal, and between two lines elsewhere.
  private static let liveInterval = 0.1
  private static let plainInterval = 30.0

  /// A display on standard error.
  ///
  /// - Parameters:
  ///   - epochs: The training's length.
  ///   - stepsPerEpoch: Steps in an epoch.
  ///   - sampleName: What samples are called in the plural.
  public convenience init(epochs: Int, stepsPerEpoch: Int, sampleName: String = "images") {
    self.init(epochs: epochs, stepsPerEpoch: stepsPerEpoch, sampleName: sampleName, output: .standardError)
  }

  init(epochs: Int, stepsPerEpoch: Int, sampleName: String = "images", output: ProgressOutput) {
    self.epochs = epochs
    self.stepsPerEpoch = stepsPerEpoch
    self.sampleName = sampleName
    self.output = output
    isLive = output.isTerminal
    startTime = output.now()
    epochStartTime = startTime
    lastStepTime = startTime
    lastLineTime = isLive ? -.infinity : startTime
  }

  /// Tells of a step that was done.
  ///
  /// - Parameters:
  ///   - epoch: From 0.
  ///   - step: Steps of the epoch that are done, this one included.
  ///   - loss: What to show as the loss: the epoch's mean so far.
  ///   - samples: Samples in the step.
  public func stepEnded(epoch: Int, step: Int, loss: Double, samples: Int) {
    let time = output.now()
    let seconds = time - lastStepTime
    lastStepTime = time
    stepsDone += 1
    if seconds > 0 {
      // A mean that forgets: a tenth of every step, so that it settles after some ten of them.
      let rate = Double(samples) / seconds
      samplesPerSecond = samplesPerSecond.map { 1 / (0.9 / $0 + 0.1 / rate) } ?? rate
    }
    let isLast = step >= stepsPerEpoch
    guard time - lastLineTime >= (isLive ? Self.liveInterval : Self.plainInterval) || (isLive && isLast)
    else { return }
    lastLineTime = time

    let stepsLeft = (epochs - epoch) * stepsPerEpoch - step
    let state = ProgressState(
      epoch: epoch, epochs: epochs, step: step, stepsPerEpoch: stepsPerEpoch, loss: loss,
      sampleName: sampleName, samplesPerSecond: samplesPerSecond,
      // All that passed counts, validation and writing of files too. The first step, which prepares, tells little.
      secondsLeft: stepsDone > 1 ? (time - startTime) / Double(stepsDone) * Double(stepsLeft) : nil)
    if isLive {
      output.write("\r\u{1B}[2K" + ProgressFormat.line(state, output.style()))
      isLineShown = true
    } else {
      output.write(ProgressFormat.plainLine(state) + "\n")
    }
  }

  /// Leaves a line on an epoch that is over.
  ///
  /// - Parameters:
  ///   - epoch: From 0.
  ///   - figures: What to show of it.
  ///   - isBest: Whether it is the best so far.
  public func epochEnded(epoch: Int, figures: [(name: String, value: Double)], isBest: Bool) {
    let time = output.now()
    print(
      ProgressFormat.epochLine(
        epoch: epoch, epochs: epochs, figures: figures, seconds: time - epochStartTime, isBest: isBest,
        output.style()))
    epochStartTime = time
    lastStepTime = time
    lastLineTime = isLive ? -.infinity : time
  }

  /// Leaves a line of text, in place of the line of progress.
  public func print(_ text: String) {
    output.write((isLineShown ? "\r\u{1B}[2K" : "") + text + "\n")
    isLineShown = false
  }

  /// Ends the line of progress where it is, as before an error is shown.
  public func finish() {
    if isLineShown { output.write("\n") }
    isLineShown = false
  }
}
