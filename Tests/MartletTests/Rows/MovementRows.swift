import Martlet

extension OperationRow {
  static let movement: [OperationRow] = plain + rearranging + indexing

  private static let plain: [OperationRow] = [
    OperationRow("movement/relayout") { [try $0[0].converted(to: $0[0].layout.other)] },
    OperationRow("movement/relayout_1d") { [try $0[0].converted(to: $0[0].layout.other)] },
    OperationRow("movement/reshape") { [try $0[0].reshaped(to: [2, 3, 20])] },
    OperationRow("movement/reshape_inferred") { [try $0[0].reshaped(to: [4, -1])] },
    OperationRow("movement/flatten") { [try $0[0].flattened(from: 1)] },
    OperationRow("movement/squeeze") { [try $0[0].squeezed(2).unsqueezed(-1)] },
    OperationRow("movement/transpose") { [try $0[0].transposed(1, 2)] },
    OperationRow("movement/transpose_matrix") { [try $0[0].transposed(0, -1)] },
    OperationRow("movement/permute") { [try $0[0].permuted([2, 0, 3, 1])] },
    OperationRow("movement/permute_to_space_last") { [try $0[0].permuted([0, 2, 3, 1])] },
    OperationRow("movement/permute_5d") { [try $0[0].permuted([0, 2, 1, 4, -2])] },

    OperationRow("movement/concatenate_channels") { [try concatenated($0, axis: 1)] },
    OperationRow("movement/concatenate_batch") { [try concatenated($0, axis: 0)] },
    OperationRow("movement/concatenate_width") { [try concatenated($0, axis: -1)] },
    OperationRow("movement/concatenate_matrix") { [try concatenated($0, axis: 1)] },
    OperationRow("movement/stack") { [try stacked($0, axis: 1)] },

    OperationRow("movement/slice") {
      [try $0[0].sliced(axis: 2, from: 1, to: -1).sliced(axis: 3, from: 2, to: 6)]
    },
    OperationRow("movement/slice_channels") { [try $0[0].sliced(axis: 1, from: 2, to: 19)] },
    OperationRow("movement/slice_steps") {
      [try $0[0].sliced(axis: 1, step: 2).sliced(axis: -1, from: 1, step: 3)]
    },
    OperationRow("movement/slice_matrix") {
      [try $0[0].sliced(axis: 0, from: 1, to: 3).sliced(axis: 1, from: 5, to: 100)]
    },

    OperationRow("movement/pad_zero") { [try $0[0].padded(before: [0, 1], after: [3, 2])] },
    OperationRow("movement/pad_value") { [try $0[0].padded(before: [2], after: [1], mode: .constant(1.5))] },
    OperationRow("movement/pad_crop") { [try $0[0].padded(before: [1, -1], after: [-2, 2])] },
    OperationRow("movement/pad_channels") { [try $0[0].padded(before: [1, 0, 0], after: [2, 0, 0])] },
    OperationRow("movement/pad_reflect") {
      [try $0[0].padded(before: [1, 3], after: [2, 2], mode: .reflect)]
    },
    OperationRow("movement/pad_reflect_1d") { [try $0[0].padded(before: [4], after: [1], mode: .reflect)] },
    OperationRow("movement/pad_replicate") {
      [try $0[0].padded(before: [2, 3], after: [6, 0], mode: .replicate)]
    },
    OperationRow("movement/pad_replicate_3d") {
      [try $0[0].padded(before: [2, 0, 1], after: [0, 1, 2], mode: .replicate)]
    },

    OperationRow("movement/embedding") { [try $0[0].embedding($0[1])] },
    OperationRow("movement/embedding_padding", checksFiniteDifferences: false) {
      [try $0[0].embedding($0[1], paddingIndex: 3)]
    },
    OperationRow("movement/index_select") { [try $0[0].selecting($0[1], axis: 1)] },
    OperationRow("movement/index_select_int32") { [try $0[0].selecting($0[1])] },
    OperationRow("movement/gather") { [try $0[0].gathered($0[1], axis: 1)] },
    OperationRow("movement/gather_last") { [try $0[0].gathered($0[1], axis: -1)] },
  ]
}

extension Layout {
  fileprivate var other: Layout { self == .rowMajor ? .channelsLast : .rowMajor }
}
