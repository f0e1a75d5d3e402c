import Martlet
import Testing

@testable import MartletTraining

@Suite struct CalibrationTests {
  @Test func errorsFollowTheDefinition() throws {
    for example in try MetricFixture.load().calibration {
      let (truth, prediction) = (
        MetricFixture.digits(example.truth), MetricFixture.digits(example.prediction)
      )
      var calibration = Calibration(binCount: example.bins)
      // In two parts, as images come.
      for range in [0..<truth.count / 3, truth.count / 3..<truth.count] {
        try calibration.add(
          truth: Array(truth[range]), prediction: Array(prediction[range]),
          confidences: Array(example.confidences[range]))
      }
      #expect(agrees(calibration.expectedError, example.expected, within: 1e-12))
      #expect(agrees(calibration.maximumError, example.maximum, within: 1e-12))
      #expect(calibration.bins.reduce(0) { $0 + $1.count } == truth.count)
    }
  }

  @Test func binsHoldWhatIsUpToTheirEnd() throws {
    var calibration = Calibration(binCount: 4)
    try calibration.add(
      truth: [0, 0, 0, 0, 9], prediction: [0, 1, 0, 0, 0], confidences: [0, 0.25, 0.5, 1, 0.7], ignored: 9)
    #expect(calibration.bins.map(\.count) == [2, 1, 0, 1])
    #expect(calibration.bins.map(\.correct) == [1, 1, 0, 1])
    #expect(calibration.bins[0].confidence == 0.125)
  }

  @Test func whatIsNoProbabilityIsRefused() throws {
    var calibration = Calibration()
    for wrong: Float in [-0.1, 1.1, .nan, .infinity] {
      #expect(throws: MartletError.self) {
        try calibration.add(truth: [0, 0], prediction: [0, 0], confidences: [0.5, wrong])
      }
    }
    #expect(throws: MartletError.self) {
      try calibration.add(truth: [0, 0], prediction: [0, 0], confidences: [0.5])
    }
    #expect(calibration.expectedError.isNaN && calibration.maximumError.isNaN)
  }
}
