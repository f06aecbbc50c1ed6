namespace LoadBalancer.Configuration.Commands;

/// <summary>Why a command was refused (RFC 9457 problem details).</summary>
/// <param name="Title">The kind of problem, in a few words.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What was wrong with this command, and what is allowed.</param>
public sealed record Problem(string Title, int Status, string Detail);
