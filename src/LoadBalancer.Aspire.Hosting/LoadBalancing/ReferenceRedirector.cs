using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Gives everybody who references a resource with a load balancer of its own the balancer's address.</summary>
internal sealed partial class ReferenceRedirector(DistributedApplicationModel model, PublishedBalancers published, ResourceLoggerService loggers) : IDistributedApplicationEventingSubscriber
{
    private const string HttpsPortVariable = "ASPNETCORE_HTTPS_PORT";

    public Task SubscribeAsync(IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext executionContext, CancellationToken cancellationToken)
    {
        eventing.Subscribe<BeforeStartEvent>((_, _) =>
        {
            Redirect();
            return Task.CompletedTask;
        });
        return Task.CompletedTask;
    }

    // Behind all callbacks that are in the model by now, so that what they put in is seen.
    private void Redirect()
    {
        var balanced = model.Resources.Where(resource => BalancersOf(resource) is not null).ToArray();
        foreach (var resource in balanced)
        {
            var balancers = BalancersOf(resource)!;
            foreach (var endpoint in balancers.AddLate())
            {
                LogLeftOut(loggers.GetLogger(resource), resource.Name, endpoint.Name, endpoint.UriScheme);
            }

            balancers.TakeProtocols();
            balancers.TakeCertificate();
        }

        if (balanced.Length == 0 && published.All.All(balancer => balancer.GatewayApi is null))
        {
            return;
        }

        foreach (var consumer in model.Resources.Where(resource => published.Find(resource) is null))
        {
            WaitForBalancers(consumer);
            consumer.Annotations.Add(new EnvironmentCallbackAnnotation(context =>
            {
                foreach (var (name, value) in context.EnvironmentVariables.ToArray())
                {
                    // Where a service sends its own clients for HTTPS.
                    context.EnvironmentVariables[name] = Redirect(value, name == HttpsPortVariable ? null : consumer);
                }
            }));
            consumer.Annotations.Add(new CommandLineArgsCallbackAnnotation(arguments =>
            {
                for (var i = 0; i < arguments.Count; i++)
                {
                    arguments[i] = Redirect(arguments[i], consumer);
                }
            }));
        }
    }

    // Who waits for a service expects to reach it then, which is by way of the balancer.
    private static void WaitForBalancers(IResource consumer)
    {
        var waits = consumer.Annotations.OfType<WaitAnnotation>().Where(wait => wait.WaitType != WaitType.WaitForCompletion).ToArray();
        foreach (var wait in waits)
        {
            foreach (var balancer in BalancersOf(wait.Resource)?.Balancers ?? [])
            {
                consumer.Annotations.Add(new WaitAnnotation(balancer, wait.WaitType) { WaitBehavior = wait.WaitBehavior });
            }
        }
    }

    /// <summary>The value, with the addresses of balancers in place of those behind them; what a resource is told of itself stays.</summary>
    internal static object Redirect(object value, IResource? consumer) => value switch
    {
        EndpointReference endpoint when GatewayAddress.Of(endpoint) is { } gateway => gateway.Property(EndpointProperty.Url),
        EndpointReferenceExpression part when GatewayAddress.Of(part.Endpoint) is { } gateway => gateway.Property(part.Property),
        EndpointReference endpoint => BalancerOf(endpoint, consumer) ?? endpoint,
        EndpointReferenceExpression part when BalancerOf(part.Endpoint, consumer) is { } balancer => balancer.Property(part.Property),
        ReferenceExpression { IsConditional: false } expression => Redirect(expression, consumer),
        _ => value,
    };

    private static ReferenceExpression Redirect(ReferenceExpression expression, IResource? consumer)
    {
        var values = expression.ValueProviders.Select(value => Redirect(value, consumer)).ToArray();
        if (values.SequenceEqual(expression.ValueProviders))
        {
            return expression;
        }

        // A composite format: {0}, {1}, … are the values, and doubled braces are braces.
        var redirected = new ReferenceExpressionBuilder();
        var end = 0;
        foreach (Match token in Token().Matches(expression.Format))
        {
            redirected.AppendLiteral(expression.Format[end..token.Index]);
            end = token.Index + token.Length;
            if (int.TryParse(token.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            {
                redirected.AppendValueProvider(values[index], expression.StringFormats[index]);
            }
            else
            {
                redirected.AppendLiteral(token.Value[..1]);
            }
        }

        redirected.AppendLiteral(expression.Format[end..]);
        return redirected.Build();
    }

    private static ReplicaLoadBalancer? BalancersOf(IResource resource) => resource.Annotations.OfType<ReplicaLoadBalancer>().SingleOrDefault();

    private static EndpointReference? BalancerOf(EndpointReference endpoint, IResource? consumer) =>
        // By name: what is published may have a container in a resource's place.
        !endpoint.Resource.Name.Equals(consumer?.Name, StringComparison.OrdinalIgnoreCase)
        && BalancersOf(endpoint.Resource) is { TakesReferences: true } balancers && balancers.ListenerOf(endpoint.EndpointName) is { } found
            ? new(found.Resource, found.EndpointName, endpoint.ContextNetworkID)
            : null;

    [GeneratedRegex(@"\{\{|\}\}|\{(\d+)\}", RegexOptions.CultureInvariant)]
    private static partial Regex Token();

    [LoggerMessage(EventId = 505, Level = LogLevel.Warning, Message = "The endpoint '{Endpoint}' ({Scheme}) of '{Resource}' was added after WithLoadBalancer(), when there was none that needs a balancer of its layer, and is not balanced; add it before")]
    private static partial void LogLeftOut(ILogger log, string resource, string endpoint, string scheme);
}
