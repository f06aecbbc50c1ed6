using Yarp.ReverseProxy.Transforms.Builder;

namespace LoadBalancer.Layer7.Routing.Transforms;

/// <summary>Reads <c>ResponseLocation</c>: <c>Off</c>, or the beginning of a URL with what <c>Set</c> puts in its place.</summary>
internal sealed class ResponseLocationFactory : ITransformFactory
{
    public const string Key = "ResponseLocation";
    public const string SetKey = "Set";
    public const string Off = "Off";

    public bool Validate(TransformRouteValidationContext context, IReadOnlyDictionary<string, string> transformValues) => transformValues.ContainsKey(Key);

    public bool Build(TransformBuilderContext context, IReadOnlyDictionary<string, string> transformValues)
    {
        if (!transformValues.TryGetValue(Key, out var from))
        {
            return false;
        }

        if (transformValues.TryGetValue(SetKey, out var to))
        {
            LocationTransform.Of(context).Add(from, to);
        }
        else
        {
            LocationTransform.Of(context).IsOff = true;
        }

        return true;
    }
}
