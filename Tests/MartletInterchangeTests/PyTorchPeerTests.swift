import Foundation
import Martlet
import Testing

@testable import MartletInterchange

/// Against files that PyTorch wrote (`Tests/Fixtures/make_pytorch_files.py`).
@Suite("PyTorch files are read as PyTorch has them")
struct PyTorchPeerTests {
  @Test(
    "every type, views, parameters and checkpoints, in both forms",
    arguments: ["types", "unsigned", "views", "parameters", "checkpoint", "wrapped"], ["", "_legacy"])
  func agrees(_ name: String, _ form: String) throws {
    let expected = try PyTorchFixtures.expected(name)
    let got = try loadWeights(PyTorchFixtures.url("\(name)\(form).pt"))
    try #require(!expected.isEmpty)
    #expect(got.keys.sorted() == expected.keys.sorted())
    for (key, tensor) in expected {
      let other = try #require(got[key])
      #expect(other.type == tensor.type, "\(key)")
      #expect(try other.bytes == tensor.bytes, "\(key)")
    }
  }

  @Test("names of the same tensor share its memory")
  func sharing() throws {
    let tensors = try loadPyTorch(PyTorchFixtures.url("views.pt"))
    let addresses = try ["whole", "again", "matrix"].map { name in
      try #require(tensors[name]).withElements { (elements: UnsafeBufferPointer<Float>) in
        elements.baseAddress
      }
    }
    #expect(addresses[0] == addresses[1])
    #expect(addresses[0] != addresses[2])
  }

  @Test("a file is known by its content, not by its name")
  func content() throws {
    let folder = try TemporaryFolder()
    let torch = try folder.file("torch.safetensors", PyTorchFixtures.bytes("types.pt"))
    #expect(try loadWeights(torch).count == 14)
    let safe = try folder.file("safe.pt", PyTorchFixtures.bytes("expected.safetensors"))
    #expect(try loadWeights(safe).keys.contains("types/float32"))
    // A header whose length has the first byte of a pickle, and one that has the mark of an archive.
    let header = "{}" + String(repeating: " ", count: 0x80 - 2)
    let padded = try folder.file("b.pt", safetensors(header))
    #expect(try loadWeights(padded).isEmpty)
    #expect(try Array(Data(contentsOf: padded))[0] == 0x80)
  }

  @Test("wrappers' names are left out of safetensors too, and only where all have them")
  func wrappers() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("a.safetensors")
    let one = try Tensor(shape: [1], scalars: [Float(1)])
    try saveSafetensors(["module.a.weight": one, "module.b.module.weight": one], to: url)
    #expect(try loadWeights(url).keys.sorted() == ["a.weight", "b.module.weight"])
    try saveSafetensors(["module.a.weight": one, "b.weight": one], to: url)
    #expect(try loadWeights(url).keys.sorted() == ["b.weight", "module.a.weight"])
    try saveSafetensors(["module.": one], to: url)
    #expect(try loadWeights(url).keys.sorted() == ["module."])
  }

  @Test("the old form is refused where its numbers are the other way round, and so is the form before it")
  func otherForms() throws {
    let folder = try TemporaryFolder()
    var legacy = try PyTorchFixtures.bytes("parameters_legacy.pt")
    let flag = try #require(legacy.firstRange(of: Array("little_endianq\u{2}".utf8))).upperBound
    #expect(legacy[flag] == PickleOperation.newTrue.rawValue)
    legacy[flag] = PickleOperation.newFalse.rawValue
    expectRefusal(try folder.file("big.pt", legacy), "big-endian")
    let tar = [UInt8](repeating: 0, count: 257) + Array("ustar".utf8) + [UInt8](repeating: 0, count: 300)
    expectRefusal(try folder.file("tar.pt", tar), "the tar form")
  }

  @Test("what is no state dict is refused by name")
  func refused() throws {
    expectRefusal(PyTorchFixtures.url("ambiguous.pt"), "several", "state_dict and model")
    expectRefusal(
      PyTorchFixtures.url("module.pt"), "[pytorch]", "refuses torch.nn.modules.container.Sequential",
      "state_dict()")
    expectRefusal(PyTorchFixtures.url("script.pt"), "TorchScript")
    expectRefusal(PyTorchFixtures.url("sparse.pt"), "refuses torch._utils._rebuild_sparse_tensor", "dense")
    expectRefusal(PyTorchFixtures.url("complex.pt"), "refuses torch.ComplexFloatStorage", "type")
    expectRefusal(PyTorchFixtures.url("plain.pkl"), "plain pickle")
    expectRefusal(PyTorchFixtures.url("deflated.pt"), "refuses 'parameters/data.pkl'", "compressed")
    expectRefusal(PyTorchFixtures.url("system.pt"), "refuses posix.system")
    #expect(!FileManager.default.fileExists(atPath: "/tmp/martlet-was-here"))
  }
}
