using Yarp.ReverseProxy.Transforms.Builder;

namespace LoadBalancer.Layer7.Routing.Transforms;

/// <summary>Reads <c>ResponseCookie</c>: the name of a cookie, or <c>*</c> for all, and what changes of it.</summary>
internal sealed class ResponseCookieFactory : ITransformFactory
{
    public const string Key = "ResponseCookie";
    public const string EveryCookie = "*";

    public bool Validate(TransformRouteValidationContext context, IReadOnlyDictionary<string, string> transformValues) => transformValues.ContainsKey(Key);

    public bool Build(TransformBuilderContext context, IReadOnlyDictionary<string, string> transformValues)
    {
        if (!transformValues.TryGetValue(Key, out var name))
        {
            return false;
        }

        if (context.ResponseTransforms.OfType<SetCookieTransform>().FirstOrDefault() is not { } transform)
        {
            context.ResponseTransforms.Add(transform = new());
        }

        transform.Add(new(
            name == EveryCookie ? null : name,
            transformValues.GetValueOrDefault(nameof(CookieRule.Domain)),
            transformValues.GetValueOrDefault(nameof(CookieRule.Path)),
            transformValues.GetValueOrDefault(nameof(CookieRule.Prefix)),
            Flag(transformValues, nameof(CookieRule.Secure)),
            Flag(transformValues, nameof(CookieRule.HttpOnly)),
            transformValues.GetValueOrDefault(nameof(CookieRule.SameSite))));
        return true;
    }

    private static bool? Flag(IReadOnlyDictionary<string, string> values, string key) => values.TryGetValue(key, out var text) ? bool.Parse(text) : null;
}
