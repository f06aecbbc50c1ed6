using System.Net;
using LoadBalancer.Backends;

namespace LoadBalancer.Layer4.Nat;

/// <summary>A backend and an address of it.</summary>
/// <param name="Backend">The backend.</param>
/// <param name="EndPoint">The address: the kernel knows no host names.</param>
internal sealed record NatTarget(Backend Backend, IPEndPoint EndPoint);
