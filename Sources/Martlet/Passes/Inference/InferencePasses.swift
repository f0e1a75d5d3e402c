/// What a ``Predictor`` applies unless told otherwise, in order: weights and statistics are constants to it.
public let inferencePasses: [any GraphPass] = [
  MergeEqualNodes(), DropIdentities(), FoldBatchNorm(), FuseBatchNormActivation(), FuseAddition(),
  FuseConvolutionActivation(),
  ChooseConvolutionAlgorithms(), FuseConcatenation(), PrepareConstants(), RemoveUnusedNodes(),
  FoldConstants(),
]

extension [any GraphPass] {
  /// The same passes, with a tuner of one's own to choose convolutions' algorithms.
  public func choosing(by tuner: any ConvolutionTuner) -> [any GraphPass] {
    map { $0 is ChooseConvolutionAlgorithms ? ChooseConvolutionAlgorithms(tuner: tuner) : $0 }
  }
}
