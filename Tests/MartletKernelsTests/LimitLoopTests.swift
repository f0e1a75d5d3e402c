import CMartletKernels
import MartletKernels
import Testing

/// The loops that find a machine's limits do the work that is counted.
@Suite struct LimitLoopTests {
  @Test(arguments: InstructionSet.available)
  func multipliesAndAdds(_ set: InstructionSet) {
    let loops = martlet_limits_table(set.cValue).pointee
    let sums = Float(loops.chains * loops.lanes)
    // Halving and adding a half: 0, 1/2, 3/4, …
    #expect(loops.multiply_add(0) == 0)
    #expect(loops.multiply_add(1) == sums / 2)
    #expect(loops.multiply_add(3) == sums * 7 / 8)
  }

  @Test(arguments: InstructionSet.available, [0, 1, 15, 16, 17, 1000])
  func readsAndCopiesAll(_ set: InstructionSet, _ count: Int) {
    let loops = martlet_limits_table(set.cValue).pointee
    let source = UnsafeMutableRawPointer.allocate(byteCount: (count + 1) * 4, alignment: 64)
      .initializeMemory(as: Float.self, repeating: 3, count: count + 1)
    let target = UnsafeMutableRawPointer.allocate(byteCount: (count + 1) * 4, alignment: 64)
      .initializeMemory(as: Float.self, repeating: 7, count: count + 1)
    defer {
      source.deallocate()
      target.deallocate()
    }
    for i in 0..<count { source[i] = Float(i) }
    #expect(loops.read(source, count) == Float(count * (count - 1) / 2))
    loops.copy(target, source, count)
    #expect((0..<count).allSatisfy { target[$0] == Float($0) })
    #expect(target[count] == 7)
  }
}
