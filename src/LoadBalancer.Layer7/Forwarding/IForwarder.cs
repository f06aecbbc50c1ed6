using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Sends a request to one backend, and its answer to the client.</summary>
internal interface IForwarder
{
    /// <summary>Makes an attempt. While nothing of an answer has gone to the client, another may follow.</summary>
    /// <param name="context">The request.</param>
    /// <param name="attempt">The attempt, which learns what happened.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>What went wrong, in YARP's terms; <see cref="ForwarderError.None"/> when nothing did.</returns>
    ValueTask<ForwarderError> SendAsync(HttpContext context, Attempt attempt, CancellationToken cancellation);
}
