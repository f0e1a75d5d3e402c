/// A layer or a model: something with parameters, buffers and other modules as members.
///
/// Members are found by name, and names are those of PyTorch's `state_dict` for the same model, so that weights move
/// both ways without a mapping: a Swift member `runningMean` is `running_mean`, an array member `encoder` gives
/// `encoder.0`, `encoder.1`, and ``Key`` names what a rule cannot.
public protocol Module: AnyObject {
  /// The names of the members whose parameters' shapes follow from what the model is to tell apart, such as its number of
  /// classes: what is drawn anew when its weights are to serve other classes. `head` unless a model says otherwise.
  var headNames: [String] { get }
}

extension Module {
  public var headNames: [String] { ["head"] }
}

/// A module that maps one tensor to one.
public protocol Layer: Module {
  /// The layer's computation. Call the layer itself rather than this, so that summaries and errors can name it.
  ///
  /// - Throws: ``MartletError`` when the input's shape does not fit.
  func forward(_ input: Tensor) throws -> Tensor
}

extension Layer {
  /// The layer's computation, recorded as the layer's work: see ``Module/scoped(_:)``.
  ///
  /// - Throws: ``MartletError`` when the input's shape does not fit.
  public func callAsFunction(_ input: Tensor) throws -> Tensor { try scoped { try forward(input) } }
}

extension Module {
  /// Runs `body` as this module's work, so that what it records carries the module's name and follows the module's own
  /// ``ModuleSettings``. Modules with other inputs than one tensor wrap their `callAsFunction` in it.
  public func scoped<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let builder = GraphBuilder.current else { return try withOwnSettings(body) }
    return try builder.inScope(of: self) { try withOwnSettings(body) }
  }

  private func withOwnSettings<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let settings = ModuleSettings.current[ObjectIdentifier(self)] else { return try body() }
    return try settings(body)
  }
}

/// Gives a member a name that does not follow from its Swift name.
///
/// ```swift
/// @Key("downsample.0") var shortcut: Conv2d
/// ```
@propertyWrapper
public struct Key<Value> {
  /// What stands in place of the Swift name in the names of parameters; it may have dots.
  public let name: String
  private var value: Value?

  public init(_ name: String) { self.name = name }

  /// The member. It must be set before it is read, in the module's initializer.
  public var wrappedValue: Value {
    get {
      guard let value else { preconditionFailure("\(name) was read before it was set") }
      return value
    }
    set { value = newValue }
  }
}

private protocol NamedMember {
  var name: String { get }
  var member: Any { get }
}

extension Key: NamedMember {
  fileprivate var member: Any { wrappedValue }
}

extension Module {
  /// Every parameter and buffer under every name it has, in the order of declaration.
  public var variables: [(name: String, variable: Variable)] {
    var found: [(String, Variable)] = []
    walk(self, "") { name, member in
      if let variable = member as? Variable { found.append((name, variable)) }
    }
    return found
  }

  /// What training learns, each once, in the order of declaration.
  public var parameters: [(name: String, parameter: Parameter)] {
    var seen: Set<ObjectIdentifier> = []
    return variables.compactMap { name, variable in
      guard let parameter = variable as? Parameter, seen.insert(ObjectIdentifier(parameter)).inserted else {
        return nil
      }
      return (name, parameter)
    }
  }

  /// The modules inside, this one first, with their names; a shared module stands under its first name.
  public var modules: [(name: String, module: any Module)] {
    var seen: Set<ObjectIdentifier> = []
    var found: [(String, any Module)] = []
    walk(self, "") { name, member in
      if let module = member as? any Module, seen.insert(ObjectIdentifier(module)).inserted {
        found.append((name, module))
      }
    }
    return found
  }

  /// The names of modules and variables by identity, for naming the nodes of a recording.
  public var namesByIdentity: [ObjectIdentifier: String] {
    var names: [ObjectIdentifier: String] = [:]
    walk(self, "") { name, member in
      let identity: ObjectIdentifier
      if let variable = member as? Variable {
        identity = ObjectIdentifier(variable)
      } else if let module = member as? any Module {
        identity = ObjectIdentifier(module)
      } else {
        return
      }
      if names[identity] == nil { names[identity] = name }
    }
    return names
  }

  /// The number of scalars in all parameters.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.parameter.type.elementCount } }
}

/// Visits a module's members, depth first: variables and modules, through arrays, dictionaries and optionals.
///
/// Conformances are looked up in the whole program the first time that a type is asked for one, and casts and mirrors
/// ask. So nothing is asked of the types that most members have, and classes are told apart before anything is cast.
private func walk(_ member: Any, _ name: String, _ visit: (String, Any) -> Void) {
  let type = type(of: member)
  if numbersAndTexts.contains(ObjectIdentifier(type)) { return }
  if type is AnyClass {
    walkObject(member, name, visit)
    return
  }
  let mirror = Mirror(reflecting: member)
  switch mirror.displayStyle {
  case .optional:
    if let some = mirror.children.first { walk(some.value, name, visit) }
  case .collection:
    // Only collections that can hold modules are entered: a weight array of millions of numbers is not.
    guard let elements = member as? [Any], elements.first.map(canHoldVariables) ?? false else { return }
    for (index, element) in elements.enumerated() { walk(element, joined(name, "\(index)"), visit) }
  case .dictionary:
    guard let entries = member as? [String: Any] else { return }
    for (key, element) in entries.sorted(by: { $0.key < $1.key }) { walk(element, joined(name, key), visit) }
  default: return
  }
}

/// Types without variables, which ``walk(_:_:_:)`` meets often.
private let numbersAndTexts = Set(
  ([Int.self, Float.self, Double.self, Bool.self, String.self] as [Any.Type]).map { ObjectIdentifier($0) })

private func walkObject(_ object: Any, _ name: String, _ visit: (String, Any) -> Void) {
  if object is Variable {
    visit(name, object)
    return
  }
  guard object is any Module else { return }
  visit(name, object)
  var levels = [Mirror(reflecting: object)]
  while let above = levels[0].superclassMirror { levels.insert(above, at: 0) }
  for level in levels {
    for child in level.children {
      guard let label = child.label else { continue }
      // What a property wrapper holds is called so.
      if label.hasPrefix("_"), let named = child.value as? any NamedMember {
        walk(named.member, joined(name, named.name), visit)
      } else {
        walk(child.value, joined(name, snakeCase(label)), visit)
      }
    }
  }
}

private func canHoldVariables(_ element: Any) -> Bool {
  if element is Variable || element is any Module { return true }
  let style = Mirror(reflecting: element).displayStyle
  return style == .optional || style == .collection || style == .dictionary
}

private func joined(_ prefix: String, _ name: String) -> String {
  prefix.isEmpty ? name : name.isEmpty ? prefix : "\(prefix).\(name)"
}

/// `runningMean` → `running_mean`.
private func snakeCase(_ label: String) -> String {
  var result = ""
  for character in label {
    if character.isUppercase {
      result += "_" + character.lowercased()
    } else {
      result.append(character)
    }
  }
  return result
}
