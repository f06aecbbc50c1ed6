using LoadBalancer.Layer7.Requests;
using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace LoadBalancer.Layer7.Routing.Transforms;

/// <summary>What happens to every request and answer, after the route's own transforms.</summary>
internal sealed class StandardTransforms : ITransformProvider
{
    public void ValidateRoute(TransformRouteValidationContext context)
    {
    }

    public void ValidateCluster(TransformClusterValidationContext context)
    {
    }

    public void Apply(TransformBuilderContext context)
    {
        var paths = PathMapping.Of(context.Route.Transforms);
        if (context.UseDefaultForwarders == false)
        {
            // The route has transforms of its own for these headers, which begin with none.
            context.RequestTransforms.Insert(0, new RequestFuncTransform(RemoveForwarded));
        }
        else
        {
            // They are in the request, put there before its route was known.
            context.UseDefaultForwarders = false;
            if (context.CopyRequestHeaders == false)
            {
                context.RequestTransforms.Add(new RequestFuncTransform(CopyForwarded));
            }

            if (paths.RemovedPrefix is { } prefix)
            {
                context.RequestTransforms.Add(new ForwardedPrefixTransform(prefix));
            }
        }

        context.RequestTransforms.Add(new SentPathTransform());
        context.ResponseTransforms.Insert(0, new HopByHopTransform());
        LocationTransform.Of(context).Paths = paths;
    }

    private static ValueTask RemoveForwarded(RequestTransformContext context)
    {
        foreach (var name in ForwardedHeaders.Names)
        {
            context.ProxyRequest.Headers.Remove(name);
        }

        return default;
    }

    private static ValueTask CopyForwarded(RequestTransformContext context)
    {
        foreach (var name in ForwardedHeaders.Names)
        {
            if (context.HttpContext.Request.Headers[name] is { Count: > 0 } values && !context.ProxyRequest.Headers.NonValidated.Contains(name))
            {
                RequestTransform.AddHeader(context, name, values);
            }
        }

        return default;
    }

    /// <summary>Tells the backend under which prefix clients see it.</summary>
    private sealed class ForwardedPrefixTransform(string prefix) : RequestTransform
    {
        public override ValueTask ApplyAsync(RequestTransformContext context)
        {
            // Only where the others are told too.
            if (context.HttpContext.Request.Headers.ContainsKey(ForwardedHeaders.Proto)
                && context.HttpContext.Request.Path.StartsWithSegments(prefix, StringComparison.OrdinalIgnoreCase))
            {
                var before = TakeHeader(context, ForwardedHeaders.Prefix).ToString();
                AddHeader(context, ForwardedHeaders.Prefix, before.TrimEnd('/') + PathMapping.Encode(prefix));
            }

            return default;
        }
    }

    /// <summary>Leaves out of the answer what the backend means for the balancer alone.</summary>
    private sealed class HopByHopTransform : ResponseTransform
    {
        public override ValueTask ApplyAsync(ResponseTransformContext context)
        {
            if (context.ProxyResponse is { } response && response.Headers.NonValidated.TryGetValues("Connection", out var connection))
            {
                HopByHop.Remove(context.HttpContext.Response.Headers, new StringValues([.. connection]));
            }

            return default;
        }
    }
}
