import MartletKernels

// What the operations that only `Tensor`'s own methods apply were recorded with, for those who translate graphs.

extension Operation {
  package var unaryFunction: UnaryFunction? { (self as? UnaryOperation)?.function }
  package var binaryFunction: BinaryFunction? { (self as? BinaryOperation)?.function }
  package var comparisonFunction: Comparison? { (self as? ComparisonOperation)?.comparison }
  /// Whether this picks elements of its second or third input by its first.
  package var isSelection: Bool { self is SelectOperation }
  package var castTarget: ScalarType? { (self as? CastOperation)?.target }

  package var broadcast: BroadcastAttributes? {
    (self as? BroadcastOperation).map { BroadcastAttributes(axes: $0.axes, scale: $0.scale) }
  }

  package var reduction: ReductionAttributes? {
    (self as? ReductionOperation).map {
      ReductionAttributes(function: $0.function, axes: $0.axes, scale: $0.scale)
    }
  }

  package var argReduction: ArgReductionAttributes? {
    (self as? ArgReductionOperation).map {
      ArgReductionAttributes(isSmallest: $0.isSmallest, axis: $0.axis, keepsDimension: $0.keepsDimension)
    }
  }

  package var softmax: SoftmaxAttributes? {
    (self as? SoftmaxOperation).map { SoftmaxAttributes(axis: $0.axis, isLogarithm: $0.isLogarithm) }
  }

  package var cumulativeSum: CumulativeSumAttributes? {
    (self as? CumulativeSumOperation).map {
      CumulativeSumAttributes(axis: $0.axis, isExclusive: $0.isExclusive, isReversed: $0.isReversed)
    }
  }

  /// Whether this only keeps gradients from flowing.
  package var isDetachment: Bool { self is Detach }

  package var maxPoolPositions: MaxPoolPositionAttributes? {
    (self as? MaxPoolPositions).map {
      MaxPoolPositionAttributes(space: $0.space, withinChannels: $0.withinChannels)
    }
  }

  package var attention: AttentionAttributes? { (self as? AttentionOperation)?.attributes }
  package var attentionLogSums: AttentionAttributes? { (self as? AttentionLogSums)?.attributes }
}

package struct BroadcastAttributes: Hashable, Sendable {
  /// For each dimension of the input, the result's dimension that it becomes.
  package var axes: [Int]
  /// What elements are multiplied by.
  package var scale: Double
}

package struct ReductionAttributes: Hashable, Sendable {
  package var function: ReductionFunction
  /// For each dimension of the result, the input's dimension that it is what is left of; others are reduced.
  package var axes: [Int]
  /// What the result is multiplied by.
  package var scale: Double
}

package struct ArgReductionAttributes: Hashable, Sendable {
  package var isSmallest: Bool
  package var axis: Int
  package var keepsDimension: Bool
}

package struct SoftmaxAttributes: Hashable, Sendable {
  package var axis: Int
  package var isLogarithm: Bool
}

package struct CumulativeSumAttributes: Hashable, Sendable {
  package var axis: Int
  package var isExclusive: Bool
  package var isReversed: Bool
}

package struct MaxPoolPositionAttributes: Hashable, Sendable {
  /// The space that was pooled.
  package var space: [Int]
  /// Whether places are counted from the start of their channel.
  package var withinChannels: Bool
}
