import Testing

@testable import MartletTraining

@Suite struct ReportChartTests {
  private func labels(_ axis: ChartAxis) -> [String] { axis.marks.map(axis.label) }

  @Test func marksAreRoundNumbersAroundTheValues() {
    #expect(labels(.linear([0.12, 0.71], startingAtZero: true)) == ["0", "0.2", "0.4", "0.6", "0.8"])
    #expect(labels(.linear([0.412, 0.897])) == ["0.4", "0.5", "0.6", "0.7", "0.8", "0.9"])
    #expect(
      labels(.linear([0, 0.001], startingAtZero: true)) == ["0", "2e-4", "4e-4", "6e-4", "8e-4", "1e-3"])
    #expect(
      labels(.linear([0.5012, 0.5016])) == ["0.5012", "0.5013", "0.5014", "0.5015", "0.5016"])
    #expect(
      labels(.linear([1_000_000, 1_000_400])).count == Set(labels(.linear([1_000_000, 1_000_400]))).count)
    #expect(labels(.linear([-3, 5])) == ["-4", "-2", "0", "2", "4", "6"])
    #expect(labels(.linear([0, 400_000])) == ["0", "1e5", "2e5", "3e5", "4e5"])
  }

  @Test(arguments: [[], [.nan], [0], [0.5], [-2], [3, 3, 3], [.infinity, 1]] as [[Double]])
  func oddValuesHaveAnAxisToo(values: [Double]) {
    for axis in [ChartAxis.linear(values), .linear(values, startingAtZero: true), .logarithmic(values)] {
      #expect(axis.upper > axis.lower)
      #expect(axis.marks.count >= 2 && axis.marks.count < 10)
      for value in values where value.isFinite && (value > 0 || !axis.isLogarithmic) {
        #expect((0...1).contains(axis.position(value)), "\(value) on \(axis)")
      }
    }
  }

  @Test func logarithmicMarksArePowers() {
    #expect(labels(.logarithmic([0.002, 0.9])) == ["0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1"])
    #expect(labels(.logarithmic([0.011, 120])) == ["0.01", "0.1", "1", "10", "100", "1000"])
    let axis = ChartAxis.logarithmic([0.01, 1])
    #expect(abs(axis.position(0.1) - 0.5) < 1e-12)
  }

  @Test func epochsAreMarkedFromTheFirstToTheLast() {
    #expect(labels(.steps(Array(1...20))) == ["1", "4", "6", "8", "10", "12", "14", "16", "18", "20"])
    #expect(labels(.steps([1, 2, 3])) == ["1", "2", "3"])
    #expect(labels(.steps([7])) == ["7"])
    #expect(ChartAxis.steps(Array(1...20)).upper == 20)
    #expect(ChartAxis.steps([7]).position(7) == 0.5)
  }

  @Test func curveHasAGapWhereThereIsNoValue() {
    let chart = LineChart(
      title: "Loss", epochs: [1, 2, 3, 4, 5],
      series: [.init(name: "Training", style: "a", values: [1, 0.5, .nan, 0.25, .infinity])],
      axis: .linear([0, 1]), markedEpoch: 4)
    let html = chart.html()
    #expect(html.components(separatedBy: "<polyline").count == 2)
    #expect(html.components(separatedBy: "class=\"dot\"").count == 2, "a value on its own is a dot")
    #expect(html.contains("data-values=\"1.0000 0.5000 – 0.2500 –\""))
    #expect(html.contains("class=\"best\""))
    // The first value is at the top of the axis, at its left end.
    #expect(html.contains("<polyline points=\"46.0,12.0 131.5,111.0\"/>"))
  }
}
