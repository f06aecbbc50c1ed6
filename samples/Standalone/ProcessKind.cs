namespace Standalone;

/// <summary>
/// In the order in which processes stop: those in front first, and last what the others report to.
/// They start in the opposite order, so that the dashboard misses nothing.
/// </summary>
internal enum ProcessKind
{
    Balancer,
    Service,
    Dashboard,
}
