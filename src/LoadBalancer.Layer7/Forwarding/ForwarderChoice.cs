using LoadBalancer.Layer7.Forwarding.Http1;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Takes the fast way for the plain case, and YARP's for everything else.</summary>
internal sealed class ForwarderChoice(Http1Forwarder http1, YarpForwarder yarp) : IForwarder
{
    public ValueTask<ForwarderError> SendAsync(HttpContext context, Attempt attempt, CancellationToken cancellation) =>
        Http1Forwarder.CanForward(context, attempt) ? http1.SendAsync(context, attempt, cancellation) : yarp.SendAsync(context, attempt, cancellation);
}
