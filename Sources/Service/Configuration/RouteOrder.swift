import Core

/// What goes wrong with the order of routes.
enum RouteOrder {
    /// Warns of routes that never match because an earlier one takes all of their requests.
    static func warn(_ routes: [(route: Route, place: Place)], findings: Findings) {
        for (number, later) in routes.enumerated() {
            guard let taker = routes[..<number].first(where: { $0.route.covers(later.route) })
            else { continue }
            let path = shown(later.route.path.pattern)
            findings.warning(
                later.place,
                "route \(path) never matches: \(shown(taker.route.path.pattern)) at "
                    + "\(findings.text(taker.place)) takes its requests first",
                "move it before that one")
        }
    }
}

extension Route {
    /// Whether this route surely matches every request that `other` matches.
    fileprivate func covers(_ other: Route) -> Bool {
        func allows<T: Equatable>(_ mine: [T], _ theirs: [T]) -> Bool {
            mine.isEmpty || (!theirs.isEmpty && theirs.allSatisfy(mine.contains))
        }
        return path.matches(text: other.path.pattern) && allows(methods, other.methods)
            && allows(statuses, other.statuses)
    }
}
