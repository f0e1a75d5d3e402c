import Foundation

/// Why the system refused something, in its own words; Foundation's are often "could not be completed".
package func systemReason(_ error: any Error) -> String {
  let posix = (error as? CocoaError)?.underlying as? POSIXError ?? error as? POSIXError
  return posix.map { String(cString: strerror($0.code.rawValue)) } ?? error.localizedDescription
}
