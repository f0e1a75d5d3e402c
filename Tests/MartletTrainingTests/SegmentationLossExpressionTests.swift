import Martlet
import MartletData
import Testing

@testable import MartletTraining

@Suite struct SegmentationLossExpressionTests {
  private func error(_ expression: String, _ weights: [Double] = []) -> String {
    do {
      _ = try SegmentationLoss(expression, classWeights: weights, classCount: 3)
      return "none"
    } catch {
      return "\(error)"
    }
  }

  private let logits: Tensor
  private let labels: Tensor

  init() throws {
    logits = try Tensor.normal(
      TensorType([2, 3, 6, 5], .float32, .channelsLast), standardDeviation: 2, seed: 3, stream: 0)
    labels = try Tensor(
      shape: [2, 6, 5], scalars: (0..<60).map { $0 % 7 == 0 ? LabelMap.ignored : UInt8($0 / 4 % 3) })
  }

  private func value(_ expression: String, _ weights: [Double] = []) throws -> Float {
    try SegmentationLoss(expression, classWeights: weights, classCount: 3)(logits, labels).item()
  }

  @Test func everyLossOfTheTableGivesANumberAndAGradient() throws {
    for term in SegmentationLossTerm.all {
      let weights = term.takesClassWeights ? [1, 0.5, 2] : []
      let loss = try SegmentationLoss(term.name, classWeights: weights, classCount: 3)
      let function = try Function([logits.type, labels.type]) { arguments in
        let value = try loss(arguments[0], arguments[1])
        return [value] + (try gradients(of: value, withRespectTo: [arguments[0]]))
      }
      let results = try function([logits, labels])
      #expect(try results[0].item(Float.self) > 0, "\(term.name)")
      let slopes = try results[1].scalars(Float.self)
      #expect(slopes.allSatisfy(\.isFinite) && slopes.contains { $0 != 0 }, "\(term.name)")
    }
  }

  @Test func namesAndParametersCanBeWrittenInSeveralWays() throws {
    let expected = try value("boundary-cross-entropy(w0=3, sigma=2)")
    for text in [
      "boundary_cross_entropy(w0=3,sigma=2)", " boundary-cross-entropy ( sigma = 2.0 , w0 = 3e+0 ) ",
    ] {
      #expect(try value(text) == expected, "\(text)")
    }
    #expect(try value("lovasz(per_image=true)") == value("lovasz(per-image=1)"))
    #expect(try value("dice()") == value("dice"))
    #expect(try value("1e+1*dice") == value("10*dice"))
  }

  @Test func parametersReachTheLoss() throws {
    func direct(_ loss: (Int) throws -> Tensor) throws -> Float { try loss(Int(LabelMap.ignored)).item() }
    #expect(
      try value("tversky(alpha=0.3, beta=0.7)")
        == direct {
          try Loss.tversky(logits, labels, mode: .multiclass, alpha: 0.3, beta: 0.7, ignoredIndex: $0)
        })
    #expect(
      try value("focal-tversky")
        == direct {
          try Loss.tversky(
            logits, labels, mode: .multiclass, alpha: 0.3, beta: 0.7, gamma: 0.75, ignoredIndex: $0)
        })
    #expect(
      try value("focal(gamma=3, alpha=0.25, normalized=true)")
        == direct {
          try Loss.focal(
            logits, labels, mode: .multiclass, alpha: 0.25, gamma: 3, isNormalized: true, ignoredIndex: $0)
        })
    #expect(
      try value("dice(log=true, smooth=2)")
        == direct {
          try Loss.dice(logits, labels, mode: .multiclass, logarithm: true, smooth: 2, ignoredIndex: $0)
        })
    #expect(
      try value("cross-entropy(smoothing=0.1)")
        == direct { try Loss.crossEntropy(logits, labels, ignoredIndex: $0, labelSmoothing: 0.1) })
    #expect(
      try value("hausdorff(alpha=1, background=true)")
        == direct {
          try Loss.hausdorff(
            logits, labels, mode: .multiclass, alpha: 1, includesBackground: true, ignoredIndex: $0)
        })
  }

  @Test func sumsAreWeighted() throws {
    let (first, second) = try (value("cross-entropy"), value("jaccard(smooth=1)"))
    #expect(
      abs(try value("0.25*cross_entropy + 2 * jaccard(smooth=1)") - (0.25 * first + 2 * second)) < 1e-6)
  }

  @Test func classWeightsAreForLossesThatTakeThem() throws {
    for term in SegmentationLossTerm.all {
      let text = error("cross-entropy+" + term.name, [1, 2, 3])
      if term.takesClassWeights {
        #expect(text == "none")
        #expect(try value(term.name, [1, 2, 3]) != value(term.name), "\(term.name)")
      } else {
        #expect(
          text.contains("no class weights with \(term.name), which has none; cross-entropy, "), "\(text)")
      }
    }
  }

  @Test func mistakesAreNamed() {
    #expect(error("dise").contains("got \"dise\"; did you mean dice?"))
    #expect(error("dise").contains("cross-entropy, soft-cross-entropy, "))
    #expect(error("").contains("got nothing"))
    #expect(error("dice+").contains("got nothing"))
    #expect(error("tversky(alpa=1)").contains("tversky(alpha=0.5, beta=0.5, gamma=1, smooth=0, log=false)"))
    #expect(error("tversky(alpa=1)").contains("did you mean alpha?"))
    #expect(error("dice(1)").contains("name=value, got \"1\""))
    #expect(error("dice(smooth=1=2)").contains("name=value"))
    #expect(error("dice(smooth=1,)").contains("name=value, got \"\""))
    #expect(error("dice(smooth=1, smooth=2)").contains("smooth of dice once"))
    #expect(error("dice(smooth=-1)").contains("a number of 0 or more for smooth of dice, got \"-1\""))
    #expect(error("dice(log=maybe)").contains("true or false for log"))
    #expect(error("focal(alpha=1.5)").contains("from 0 to 1"))
    #expect(error("focal(gamma=nan)").contains("got \"nan\""))
    #expect(error("focal(gamma=inf)").contains("got \"inf\""))
    #expect(error("boundary-cross-entropy(sigma=0)").contains("above 0"))
    #expect(error("dice(smooth=1").contains("closing parenthesis"))
    #expect(error("dice)").contains("got \"dice)\""))
    #expect(error("lovasz(per-image=1))").contains("true or false"))
    #expect(error("2*3*dice").contains("did you mean") || error("2*3*dice").contains("expected"))
    #expect(error("cross-entropy(gamma=1)").contains("cross-entropy(smoothing=0)"))
    #expect(error("((((").contains("expected"))
    #expect(error("*").contains("0 or more in front"))
  }

  @Test func helpListsEveryLossWithItsParameters() {
    let help = SegmentationLoss.help
    #expect(help.split(separator: "\n").count == SegmentationLossTerm.all.count)
    #expect(help.contains("focal(alpha, gamma=2, normalized=false)"))
    #expect(help.contains("boundary-cross-entropy(w0=10, sigma=5)"))
  }
}
