import Martlet

extension OperationRow {
  private static func row(
    _ name: String, checksFiniteDifferences: Bool = true,
    _ body: @escaping @Sendable ([Tensor]) throws -> Tensor
  ) -> OperationRow {
    OperationRow("movement/\(name)", checksFiniteDifferences: checksFiniteDifferences) { [try body($0)] }
  }

  static let rearranging: [OperationRow] = [
    row("slice_backwards") { try $0[0].sliced(axis: 1, step: -1).sliced(axis: 2, step: -2) },
    row("slice_several") { try $0[0].sliced(axes: [-3, 2], from: [nil, 1], to: [0, 4], steps: [-1, 2]) },
    row("flip_last") { try $0[0].reversed(axis: -1) },
    OperationRow("movement/split") { try $0[0].split(sizes: [1, 3, 2], axis: 1) },
    row("concatenate_integers") { try concatenated($0, axis: 1) },

    row("pad_wrap") { try $0[0].padded(before: [1, 3], after: [2, 2], mode: .wrap) },
    row("pad_reflect_batch") { try $0[0].padded(before: [1, 0, 0], after: [1, 0, 0], mode: .reflect) },
    row("pad_edge_matrix") { try $0[0].padded(before: [1, 2], after: [1, 0], mode: .replicate) },
    row("pad_wrap_integers") { try $0[0].padded(before: [2], after: [1], mode: .wrap) },
    row("pad_reflect_crop") { try $0[0].padded(before: [-1], after: [3], mode: .reflect) },

    row("tile") { try $0[0].tiled([2, 1, 3]) },
    row("tile_image") { try $0[0].tiled([1, 2, 1, 2]) },
    row("expand") { try $0[0].expanded(to: [2, 1, 4]) },
    row("depth_to_space_crd") { try $0[0].depthToSpace(block: 2, .channelFirst) },
    row("depth_to_space_dcr") { try $0[0].depthToSpace(block: 3) },
    row("space_to_depth_crd") { try $0[0].spaceToDepth(block: 2, .channelFirst) },
    row("space_to_depth_dcr") { try $0[0].spaceToDepth(block: 2) },
    row("triu") { try $0[0].triangle(upper: true, diagonal: 1) },
    row("tril") { try $0[0].triangle(upper: false, diagonal: -1) },
    row("tril_beyond") { try $0[0].triangle(upper: false, diagonal: .max) },
  ]

  static let indexing: [OperationRow] =
    scatterings + [
      row("gather_negative") { try $0[0].gathered($0[1].countedFromFront(of: 5), axis: 1) },
      row("take_negative") { try $0[0].selecting($0[1].countedFromFront(of: 5), axis: 1) },
      row("gather_nd") { try $0[0].gatheredND($0[1]) },
      row("gather_nd_all") { try $0[0].gatheredND($0[1]) },
      row("gather_nd_batch") { try $0[0].gatheredND($0[1], batchAxes: 1) },
      row("scatter") { try $0[0].scattering($0[2], at: $0[1], axis: 1) },
      row("scatter_add") { try $0[0].scattering($0[2], at: $0[1], axis: 1, .add) },
      row("scatter_nd") { try $0[0].scatteringND($0[2], at: $0[1]) },
      row("scatter_nd_add") { try $0[0].scatteringND($0[2], at: $0[1], .add) },
      OperationRow("movement/top") { try top($0[0], 3, axis: 1) },
      OperationRow("movement/top_last") { try top($0[0], 2) },
      OperationRow("movement/top_smallest") { try top($0[0], 9, axis: 0, largest: false) },
      OperationRow("movement/top_integers") { try top($0[0], 3, axis: 1) },
      row("one_hot_last") {
        try $0[0].oneHot(depth: 4, on: Tensor(Float(1.5)), off: Tensor(Float(-0.5)))
      },
      row("one_hot_first") {
        try $0[0].oneHot(depth: 4, axis: 0, on: Tensor(Int64(1)), off: Tensor(Int64(0)))
      },
      row("unpool_at") { try $0[0].maxUnpooled(at: $0[1], space: [4, 6]) },
    ]

  private static let scatterings: [OperationRow] = [ScatterReduction.multiply, .minimum, .maximum].flatMap {
    reduction -> [OperationRow] in
    ["", "_integers"].map { kind -> OperationRow in
      row("scatter_\(reduction)\(kind)") { try $0[0].scattering($0[2], at: $0[1], axis: 1, reduction) }
    }
  }

  private static func top(
    _ x: Tensor, _ count: Int, axis: Int = -1, largest: Bool = true
  ) throws -> [Tensor] {
    let (values, indices) = try x.top(count, axis: axis, largest: largest)
    return [values, indices]
  }
}
