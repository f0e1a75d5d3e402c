import Martlet

extension OperationRow {
  static let softmax: [OperationRow] =
    [
      ("channels", 1), ("width", 3), ("height", -2), ("batch", 0), ("matrix", 1), ("first", 0), ("two", 1),
      ("one", 1),
      ("long", 1), ("volume", 1), ("steep", 1),
    ].flatMap { name, axis in
      [
        // On the steep rows finite differences see rounding only.
        OperationRow("softmax/softmax.\(name)", checksFiniteDifferences: name != "steep") {
          [try $0[0].softmax(axis: axis)]
        },
        OperationRow("softmax/log_softmax.\(name)", checksFiniteDifferences: name != "steep") {
          [try $0[0].logSoftmax(axis: axis)]
        },
      ]
    } + [
      OperationRow("softmax/hardmax.channels") { [try $0[0].hardmax(axis: 1)] },
      OperationRow("softmax/hardmax.last") { [try $0[0].hardmax(axis: -1)] },
    ]
}
