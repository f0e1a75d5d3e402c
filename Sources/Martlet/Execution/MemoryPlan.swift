/// Where every value of a graph lives while it runs: one arena whose bytes are shared by values that are not needed
/// at the same time.
struct MemoryPlan: Sendable {
  /// Where a value's first byte is.
  enum Place: Sendable, Hashable {
    case leaf(Int)
    /// A block of its own that outlives the run, because it is returned.
    case result(Int)
    case arena(offset: Int)
  }

  /// One a value.
  private(set) var places: [Place] = []
  /// One a node: the arena offset of its workspace.
  private(set) var workspaces: [Int] = []
  private(set) var resultByteCounts: [Int] = []
  private(set) var arenaByteCount = 0
  /// The arena's, for showing and for checking the plan.
  private(set) var blocks: [MemoryPacking.Block] = []

  init(_ graph: Graph) {
    let roots = Self.roots(of: graph)
    let count = graph.types.count

    // When each root's memory is first written and last read.
    var first = [Int?](repeating: nil, count: count)
    var last = [Int](repeating: -1, count: count)
    for (step, node) in graph.nodes.enumerated() {
      for output in node.outputs {
        let root = roots[output.index]
        first[root] = first[root] ?? step
        last[root] = max(last[root], step)
      }
      for input in node.inputs { last[roots[input.index]] = max(last[roots[input.index]], step) }
    }

    var rootPlaces = [Place?](repeating: nil, count: count)
    for (index, leaf) in graph.leaves.enumerated() { rootPlaces[leaf.index] = .leaf(index) }
    for output in graph.outputs where rootPlaces[roots[output.index]] == nil {
      rootPlaces[roots[output.index]] = .result(resultByteCounts.count)
      resultByteCounts.append(graph.type(of: output).byteCount)
    }

    // Roots of the arena, and nodes' workspaces.
    var (owners, requests): ([(root: Int?, step: Int)], [MemoryPacking.Request]) = ([], [])
    func request(_ byteCount: Int, _ steps: ClosedRange<Int>, root: Int? = nil) {
      owners.append((root, steps.lowerBound))
      requests.append(MemoryPacking.Request(byteCount: Self.padded(byteCount), steps: steps))
    }
    for root in 0..<count where rootPlaces[root] == nil {
      guard let start = first[root], roots[root] == root else { continue }
      request(graph.types[root].byteCount, start...last[root], root: root)
    }
    for (step, node) in graph.nodes.enumerated() {
      let byteCount = node.operation.workspaceByteCount(
        inputs: node.inputs.map(graph.type(of:)), outputs: node.outputs.map(graph.type(of:)))
      if byteCount > 0 { request(byteCount, step...step) }
    }

    let packing = MemoryPacking(requests)
    (arenaByteCount, blocks) = (packing.byteCount, packing.blocks)
    workspaces = [Int](repeating: 0, count: graph.nodes.count)
    for (owner, offset) in zip(owners, packing.offsets) {
      if let root = owner.root {
        rootPlaces[root] = .arena(offset: offset)
      } else {
        workspaces[owner.step] = offset
      }
    }
    places = roots.map { rootPlaces[$0] ?? .arena(offset: 0) }
  }

  /// Cache lines, and one more so that blocks of power-of-two sizes do not start in the same cache set.
  private static func padded(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 + 64 }

  /// For each value, the value whose memory it uses: itself, what it is a view of, or what it overwrites.
  private static func roots(of graph: Graph) -> [Int] {
    var roots = Array(0..<graph.types.count)
    var isExternal = [Bool](repeating: false, count: roots.count)
    for leaf in graph.leaves { isExternal[leaf.index] = true }

    // Views first, so that the last read of a value counts the reads of its views.
    for node in graph.nodes {
      if let viewed = node.operation.viewedInput {
        roots[node.outputs[0].index] = roots[node.inputs[viewed].index]
      }
    }
    for output in graph.outputs { isExternal[roots[output.index]] = true }
    var lastRead = [Int](repeating: -1, count: roots.count)
    for (step, node) in graph.nodes.enumerated() {
      for input in node.inputs { lastRead[roots[input.index]] = step }
    }

    // A view's root may itself be merged into what it overwrites; nodes run in order, so following is enough.
    func resolved(_ index: Int) -> Int {
      var root = roots[index]
      while roots[root] != root { root = roots[root] }
      return root
    }
    for (step, node) in graph.nodes.enumerated() {
      var taken: Set<Int> = []
      for pair in node.operation.inPlacePairs(
        inputs: node.inputs.map(graph.type(of:)), outputs: node.outputs.map(graph.type(of:)))
      {
        let input = node.inputs[pair.input]
        let output = node.outputs[pair.output]
        let from = resolved(input.index)
        guard
          roots[output.index] == output.index, !isExternal[output.index], !isExternal[from],
          !taken.contains(from),
          lastRead[from] == step, graph.type(of: input).byteCount == graph.type(of: output).byteCount,
          graph.types[from].byteCount == graph.type(of: output).byteCount,
          // The same memory may not be read as another input too, at another position or through a view.
          node.inputs.indices.allSatisfy({ $0 == pair.input || resolved(node.inputs[$0].index) != from })
        else { continue }
        taken.insert(from)
        roots[output.index] = from
        lastRead[from] = max(lastRead[from], lastRead[output.index])
      }
    }
    return roots.indices.map { resolved($0) }
  }
}
