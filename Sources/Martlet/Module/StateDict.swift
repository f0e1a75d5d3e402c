extension Module {
  /// Every parameter and buffer as it is now, by name.
  public var stateDict: [String: Tensor] {
    Dictionary(variables.map { ($0.name, $0.variable.concrete) }, uniquingKeysWith: { first, _ in first })
  }

  /// Replaces parameters and buffers by name.
  ///
  /// Floating-point tensors are converted to the variable's element type, and so are whole numbers. Nothing is changed
  /// unless everything fits. Only batch normalisation's `num_batches_tracked`, which old files lack, may be missing.
  ///
  /// - Parameters:
  ///   - state: Tensors in PyTorch's logical shapes, such as [outputs, inputs, height, width] for a convolution.
  ///   - source: What to call the state's origin in errors, such as a file's name.
  ///   - reset: Names, as ``NamePattern`` has them, of parameters and buffers that stay as they are, whatever the
  ///     state has under them; names of the state that match are not looked at. `head` stands for the model's own
  ///     ``headNames``.
  ///   - adaptInputChannels: Whether the model's first convolution may read another number of channels than the state's:
  ///     the weight is then made as ``Tensor/adaptedInputChannels(_:)`` says.
  /// - Throws: ``MartletError`` listing every missing, unexpected and mis-shaped name, or a pattern that matches none.
  public func loadStateDict(
    _ state: [String: Tensor], source: String = "state", reset: [String] = [],
    adaptInputChannels: Bool = false
  ) throws {
    let own = Dictionary(variables.map { ($0.name, $0.variable) }, uniquingKeysWith: { first, _ in first })
    let patterns = try patterns(reset, names: Array(own.keys), others: Array(state.keys), source)
    func isKept(_ name: String) -> Bool { patterns.contains { $0.matches(name) } }
    let wanted = own.filter { !isKept($0.key) }
    var given = state.filter { !isKept($0.key) }
    if adaptInputChannels, let name = firstConvolutionWeight, let variable = wanted[name],
      let tensor = given[name]
    {
      given[name] = try adapted(tensor, to: variable.type.shape)
    }
    let problems = StateProblems(given: given, wanted: wanted.mapValues(\.type))
    try require(problems.isEmpty, "load", "\(source) does not fit the model: \(problems)")
    // In order: of a variable with several names, the last of them counts.
    let converted = try variables.filter { wanted[$0.name] != nil }.compactMap { name, variable in
      try given[name].map {
        (variable, try $0.cast(to: variable.type.scalar).converted(to: variable.type.layout))
      }
    }
    for (variable, tensor) in converted { try variable.assign(tensor) }
  }

  /// What is to be reset, `head` replaced by the names that it stands for.
  private func patterns(
    _ reset: [String], names: [String], others: [String], _ source: String
  ) throws -> [NamePattern] {
    try reset.flatMap { text in
      let patterns = (text == "head" ? headNames : [text]).map(NamePattern.init)
      let isKnown = (names + others).contains { name in patterns.contains { $0.matches(name) } }
      guard isKnown else {
        let members = Set(names.map { String($0.prefix { $0 != "." }) }).sorted()
        let near = nearestName(to: text, in: beginnings(of: names).union(["head"]).subtracting([text]))
        throw MartletError(
          "load",
          "expected a name to reset that the model (\(members.joined(separator: ", "))) or \(source) has, got \(text), "
            + "which matches none" + (near.map { "; did you mean \($0)?" } ?? ""))
      }
      return patterns
    }
  }

  /// Dotted names, and those of the modules that they are in.
  private func beginnings(of names: [String]) -> Set<String> {
    var all = Set(names)
    for name in names {
      for dot in name.indices where name[dot] == "." { all.insert(String(name[..<dot])) }
    }
    return all
  }

  /// The weight of the convolution that comes first in the order of declaration; `nil` where that has groups, whose
  /// weights do not have the images' channels as a dimension.
  private var firstConvolutionWeight: String? {
    let first = modules.first { $0.module is ConvolutionLayer }
    guard let first, let layer = first.module as? ConvolutionLayer, layer.options.groups == 1 else {
      return nil
    }
    return first.name.isEmpty ? "weight" : "\(first.name).weight"
  }

  private func adapted(_ tensor: Tensor, to shape: [Int]) throws -> Tensor {
    // What differs in more than its channels is reported as it is.
    guard tensor.rank == shape.count, tensor.rank > 1, tensor.shape != shape, tensor.scalar.isFloatingPoint,
      tensor.shape[0] == shape[0], tensor.shape[2...] == shape[2...]
    else { return tensor }
    return try tensor.adaptedInputChannels(shape[1])
  }
}
