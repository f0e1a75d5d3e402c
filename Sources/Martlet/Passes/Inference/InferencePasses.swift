/// What a ``Predictor`` applies unless told otherwise, in order: weights and statistics are constants to it.
public let inferencePasses: [any GraphPass] = [
  MergeEqualNodes(), FoldBatchNorm(), FuseBatchNormActivation(), FuseAddition(), FuseConvolutionActivation(),
  ChooseConvolutionAlgorithms(), FuseConcatenation(), PrepareConstants(), RemoveUnusedNodes(),
  FoldConstants(),
]
