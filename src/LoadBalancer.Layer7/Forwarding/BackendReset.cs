using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>Ends a client's stream with the code that the backend ended its own with (RFC 9113 §7), which gRPC clients read a status from.</summary>
internal sealed class BackendReset(IFeatureCollection features, IHttpResetFeature client) : IHttpResetFeature
{
    // YARP's own code is not passed on: it has the two that it uses the wrong way round.
    public void Reset(int errorCode)
    {
        var failure = features.Get<IForwarderErrorFeature>();
        errorCode = failure?.Error is ForwarderError.ResponseBodyCanceled or ForwarderError.RequestBodyCanceled ? ResetCodes.Cancel : ResetCodes.InternalError;
        for (var exception = failure?.Exception; exception is not null; exception = exception.InnerException)
        {
            if (exception is HttpProtocolException { ErrorCode: > 0 and <= int.MaxValue and var code })
            {
                errorCode = (int)code;
                break;
            }
        }

        client.Reset(ResetCodes.For(features.GetRequiredFeature<IHttpRequestFeature>().Protocol, errorCode));
    }
}
