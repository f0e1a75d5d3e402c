import Martlet

/// Which object each pixel of an image belongs to.
public struct InstanceMap: Hashable, Sendable {
  /// One object.
  public struct Object: Hashable, Sendable {
    /// Its class, 1 or more.
    public var classIndex: UInt8
    /// Its pixels.
    public var area: Int
    /// What it lies in.
    public var box: PixelWindow
  }

  /// In pixels.
  public let width: Int
  /// In pixels.
  public let height: Int
  /// width × height numbers of objects, from 1; 0 is background.
  public let values: [Int32]
  /// The objects, the first of number 1, in the order of their first pixels.
  public let objects: [Object]

  /// The largest map that there can be.
  public static let largestPixelCount = Int(Int32.max)

  /// Every connected region of one class other than 0 and ``LabelMap/ignored`` as an object. Neighbours share a side.
  ///
  /// - Throws: ``MartletError`` for a map of more than ``largestPixelCount`` pixels.
  public init(_ labels: LabelMap) throws {
    try require(
      labels.values.count <= Self.largestPixelCount, "instances",
      "expected at most \(Self.largestPixelCount) pixels, got \(labels.width)×\(labels.height)")
    let (values, count) = labels.components(separatingClasses: true)
    var classes = [UInt8](repeating: 0, count: count)
    for (value, label) in zip(values, labels.values) where value > 0 { classes[Int(value) - 1] = label }
    self.init(width: labels.width, height: labels.height, renumbering: values, classes: classes)
  }

  /// - Parameters:
  ///   - values: Any numbers from 1 for objects; they are given anew in the order of first pixels.
  ///   - classes: The class of each of them.
  init(width: Int, height: Int, renumbering values: consuming [Int32], classes: [UInt8]) {
    var values = values
    var numbers = [Int32](repeating: 0, count: classes.count + 1)
    var objects: [Object] = []
    for y in 0..<height {
      for x in 0..<width where values[y * width + x] > 0 {
        let old = Int(values[y * width + x])
        if numbers[old] == 0 {
          let box = PixelWindow(x: x, y: y, width: 1, height: 1)
          objects.append(Object(classIndex: classes[old - 1], area: 0, box: box))
          numbers[old] = Int32(objects.count)
        }
        objects[Int(numbers[old]) - 1].extend(x: x, y: y)
        values[y * width + x] = numbers[old]
      }
    }
    self.width = width
    self.height = height
    self.values = values
    self.objects = objects
  }
}

extension InstanceMap {
  /// The map in which objects of fewer pixels are background.
  func removingObjects(smallerThan minimumSize: Int) -> InstanceMap {
    guard objects.contains(where: { $0.area < minimumSize }) else { return self }
    return InstanceMap(
      width: width, height: height,
      renumbering: values.map { $0 > 0 && objects[Int($0) - 1].area < minimumSize ? 0 : $0 },
      classes: objects.map(\.classIndex))
  }
}

extension InstanceMap.Object {
  fileprivate mutating func extend(x: Int, y: Int) {
    area += 1
    let left = min(box.x, x)
    box.width = max(box.x + box.width, x + 1) - left
    box.x = left
    // Pixels come from the top down.
    box.height = y + 1 - box.y
  }
}
