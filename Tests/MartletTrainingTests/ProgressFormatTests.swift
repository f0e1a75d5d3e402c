import Testing

@testable import MartletTraining

@Suite struct ProgressFormatTests {
  let state = ProgressState(
    epoch: 2, epochs: 20, step: 45, stepsPerEpoch: 90, loss: 0.21344, samplesPerSecond: 38.24, secondsLeft: 72
  )

  @Test func terminalLineShowsEverythingWhenThereIsRoom() {
    #expect(
      ProgressFormat.line(state, ProgressStyle(width: 90))
        == "Epoch  3/20  ━━━━━━━━━━━━━━──────────────  45/90  loss 0.2134  38.2 images/s  1m 12s left")
    #expect(
      ProgressFormat.line(state, ProgressStyle(width: 90, hasUnicode: false))
        == "Epoch  3/20  ##############--------------  45/90  loss 0.2134  38.2 images/s  1m 12s left")
  }

  @Test(arguments: 0...200)
  func terminalLineFits(width: Int) {
    let line = ProgressFormat.line(state, ProgressStyle(width: width))
    #expect(line.count <= max(width - 1, 0))
    if width > 24 { #expect(line.contains("loss 0.2134")) }
  }

  @Test func whatMattersLeastGoesFirst() {
    func parts(_ width: Int) -> [Bool] {
      let line = ProgressFormat.line(state, ProgressStyle(width: width))
      return ["45/90", "images/s", "left", "loss"].map(line.contains)
    }
    #expect(parts(80) == [true, true, true, true])
    #expect(parts(68) == [false, true, true, true])
    #expect(parts(54) == [false, false, true, true])
    #expect(parts(40) == [false, false, false, true])
  }

  @Test func colorsDoNotChangeWhatIsRead() {
    let colored = ProgressFormat.line(state, ProgressStyle(width: 100, hasColor: true))
    #expect(colored.contains("\u{1B}[36m"))
    var visible = ""
    var isEscape = false
    for scalar in colored.unicodeScalars {
      if scalar == "\u{1B}" { isEscape = true }
      if !isEscape { visible.unicodeScalars.append(scalar) }
      if scalar == "m", isEscape { isEscape = false }
    }
    #expect(visible.count == ProgressFormat.line(state, ProgressStyle(width: 100)).count)
  }

  @Test func fullBarMeansValidation() {
    var state = state
    state.step = 90
    let line = ProgressFormat.line(state, ProgressStyle(width: 90))
    #expect(line.contains("validating"))
    #expect(!line.contains("─"))
  }

  @Test func bars() {
    func bar(_ fraction: Double) -> String {
      ProgressFormat.bar(fraction, 4, ProgressStyle(hasUnicode: false))
    }
    #expect(
      [0, 0.25, 0.49, 0.999, 1, 1.5, -1].map(bar) == ["----", "#---", "#---", "###-", "####", "####", "----"])
  }

  @Test func numbers() {
    #expect(
      [0.21344, 0, 1, 12.5, 0.00012, -0.5, 123456, .nan, .infinity].map(ProgressFormat.number)
        == ["0.2134", "0.0000", "1.0000", "12.5000", "1.20e-04", "-0.5000", "1.23e+05", "nan", "inf"])
    #expect([3.456, 38.24, 412.7].map(ProgressFormat.rate) == ["3.46", "38.2", "413"])
  }

  @Test func durations() {
    #expect(
      [0, 8.4, 59.4, 59.6, 185, 3600, 3725, 86400, 190_000, -3, .infinity].map(ProgressFormat.duration)
        == ["0s", "8s", "59s", "1m 00s", "3m 05s", "1h 00m", "1h 02m", "1d 00h", "2d 04h", "0s", "?"])
  }

  @Test func epochLine() {
    let figures = [(name: "loss", value: 0.25), (name: "mean IoU", value: 0.8)]
    func line(_ style: ProgressStyle) -> String {
      ProgressFormat.epochLine(epoch: 8, epochs: 20, figures: figures, seconds: 12, isBest: true, style)
    }
    #expect(line(ProgressStyle()) == "Epoch  9/20  loss 0.2500  mean IoU 0.8000  12s  best")
    #expect(line(ProgressStyle(hasColor: true)).hasSuffix("\u{1B}[32mbest\u{1B}[0m"))
  }

  @Test func styleFollowsTheEnvironment() {
    func style(_ environment: [String: String], isTerminal: Bool = true, width: Int? = nil) -> ProgressStyle {
      ProgressOutput.style(environment, isTerminal: isTerminal, width: width)
    }
    #expect(style(["LANG": "en_US.UTF-8"]) == ProgressStyle(width: 80, hasColor: true, hasUnicode: true))
    #expect(style(["LANG": "en_US.UTF-8", "LC_ALL": "C"]).hasUnicode == false)
    #expect(style(["LC_CTYPE": "de_DE.utf8"]).hasUnicode)
    #expect(style([:]).hasUnicode == false)
    #expect(style(["NO_COLOR": "1"]).hasColor == false)
    #expect(style(["NO_COLOR": ""]).hasColor)
    #expect(style([:], isTerminal: false).hasColor == false)
    #expect(style(["COLUMNS": "120"]).width == 120)
    #expect(style(["COLUMNS": "120"], width: 60).width == 60)
  }
}
